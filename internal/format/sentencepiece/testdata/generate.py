"""Write the models of clean/ with sentencepiece 0.2.3. usage: python generate.py DIR"""
import sys

import sentencepiece as spm

out = sys.argv[1]
lines = ["the quick brown fox jumps over the lazy dog", "pack my box with five dozen jugs", "how vexingly quick daft zebras jump"]
open("corpus.txt", "w").write("\n".join(lines * 20))
for kind in ("unigram", "bpe", "word"):
    spm.SentencePieceTrainer.train(input="corpus.txt", model_prefix=f"{out}/sp_{kind}", vocab_size=35 if kind == "word" else 60,
                                   model_type=kind, hard_vocab_limit=False, normalization_rule_name="identity",
                                   self_test_sample_size=2, minloglevel=2)
