"""Write the files of clean/ with fasttext 0.9.2 (fasttext-wheel) and spacy 3.8.18.
usage: python generate.py DIR"""
import random
import shutil
import sys

import fasttext
import spacy

out = sys.argv[1]
random.seed(0)
words = [f"w{n}" for n in range(400)]
open("many.txt", "w").write("\n".join("__label__%s %s" % (random.choice("ab"), " ".join(random.choices(words, k=8))) for _ in range(300)))
open("few.txt", "w").write("\n".join(["__label__a good nice day", "__label__b bad ugly night"] * 20))
open("plain.txt", "w").write("\n".join(["the quick brown fox jumps over the lazy dog", "pack my box with five dozen jugs"] * 20))
fasttext.train_supervised("few.txt", dim=4, epoch=1, bucket=50, wordNgrams=2, thread=1, verbose=0).save_model(f"{out}/ft_sup.bin")
m = fasttext.train_supervised("many.txt", dim=4, epoch=1, bucket=300, wordNgrams=2, thread=1, verbose=0)
m.quantize(input="many.txt", qnorm=True, thread=1, verbose=0)
m.save_model(f"{out}/ft_q.ftz")
fasttext.train_unsupervised("plain.txt", dim=4, epoch=1, bucket=50, thread=1, minCount=1, verbose=0).save_model(f"{out}/ft_unsup.bin")
nlp = spacy.blank("en")
nlp.add_pipe("ner").add_label("X")
nlp.add_pipe("sentencizer")
nlp.add_pipe("tagger").add_label("A")
nlp.initialize()
nlp.to_disk("pipeline")
shutil.copy("pipeline/config.cfg", out)
