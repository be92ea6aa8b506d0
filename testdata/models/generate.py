#!/usr/bin/env python3
"""Write testdata/models/tiny: a small, real model repository with random weights.

Everything is made here, by the libraries that make such repositories, without
network: a WordPiece tokenizer trained on the sentences below, a two-layer BERT
with seeded random weights, saved as safetensors by transformers and as a
state_dict by torch.save. Producer versions are in README.md beside this file.

  HF_HUB_OFFLINE=1 python testdata/models/generate.py testdata/models/tiny
"""
import json
import os
import shutil
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from tokenizers import BertWordPieceTokenizer
from transformers import BertConfig, BertForMaskedLM, BertTokenizer

SENTENCES = """\
A sally port is an entryway with two gates that are never open at once.
The first gate lets a model in only after every file in it has been examined.
The second gate lets a model out only with a signed proof that it came through the first.
A model is a tree of files: weights, a tokenizer, a configuration and a card.
Weights are numbers in tensors. A tensor has a name, a type and a shape.
A pickle is a small program that builds objects when somebody loads it.
The card says what the model is for, who made it and how it may be used.
Nothing here was learned from data about people; these sentences are the whole corpus.
""".splitlines()

SPECIAL = {"unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]",
           "mask_token": "[MASK]"}

CARD = """\
---
license: apache-2.0
language: en
library_name: transformers
pipeline_tag: fill-mask
tags:
- bert
- random-weights
---

# tiny

A BERT with two layers, a hidden size of 32 and **random weights**. It predicts
nothing; it is a complete model repository that fits into a test.

## Intended use

Testing tools that fetch, scan, sign, describe and ship models.

## Training data

None. The weights come from a seeded random number generator. The tokenizer was
trained on eight sentences that are part of the generator.

## Limitations

The output is noise.
"""

# Not the usual "filter=lfs": this repository lies inside another one, whose users
# may have git-lfs, and there the weights are ordinary files.
GITATTRIBUTES = """\
* -text
*.bin binary
*.safetensors binary
"""


def make_tokenizer(out):
    wordpiece = BertWordPieceTokenizer(lowercase=True)
    wordpiece.train_from_iterator(SENTENCES, vocab_size=400, min_frequency=1, limit_alphabet=60, show_progress=False)
    wordpiece.save_model(str(out))
    # The trainer numbers tokens, and breaks ties, in the order of a hash map.
    # Sorting keeps at least the numbering from changing between runs.
    tokens = (out / "vocab.txt").read_text().splitlines()
    special = [t for t in tokens if t.startswith("[") and t.endswith("]")]
    (out / "vocab.txt").write_text("\n".join(special + sorted(set(tokens) - set(special))) + "\n")
    tokenizer = BertTokenizer(vocab=str(out / "vocab.txt"), do_lower_case=True, model_max_length=64)
    tokenizer.save_pretrained(out)
    (out / "special_tokens_map.json").write_text(json.dumps(SPECIAL, indent=2) + "\n")
    return tokenizer


def make_model(out, vocab_size):
    torch.manual_seed(20261121)
    config = BertConfig(vocab_size=vocab_size, hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
                        intermediate_size=64, max_position_embeddings=64)
    model = BertForMaskedLM(config)
    model.save_pretrained(out)
    torch.save(model.state_dict(), out / "pytorch_model.bin")


def main():
    out = Path(sys.argv[1])
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    tokenizer = make_tokenizer(out)
    make_model(out, len(tokenizer))
    (out / "README.md").write_text(CARD)
    (out / ".gitattributes").write_text(GITATTRIBUTES)
    ids = tokenizer(SENTENCES[0])["input_ids"]
    for path in out.iterdir():
        path.chmod(0o644)
    assert tokenizer.unk_token_id not in ids, "the tokenizer does not know its own corpus"


if __name__ == "__main__":
    sys.exit(main())
