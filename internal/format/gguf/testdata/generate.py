#!/usr/bin/env python3
"""Writes clean/ of this folder. Usage: generate.py. Needs gguf and numpy (versions
in producer.txt, which this script writes)."""
import importlib.metadata, os, platform
import numpy as np
import gguf
from gguf import GGMLQuantizationType as Q

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "clean"))
rng = np.random.default_rng(0)


def write(w):
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def model(path, arch="llama", **options):
    w = gguf.GGUFWriter(path, arch, **options)
    w.add_name("Tiny")
    w.add_author("nobody")
    w.add_license("apache-2.0")
    w.add_source_url("https://example.org/tiny")
    w.add_base_model_count(1)
    w.add_base_model_name(0, "Tiny Base")
    w.add_base_model_repo_url(0, "https://example.org/tiny-base")
    w.add_tags(["text-generation", "tiny"])
    w.add_context_length(4096)
    w.add_embedding_length(32)
    w.add_block_count(1)
    w.add_feed_forward_length(64)
    w.add_head_count(4)
    w.add_head_count_kv(2)
    w.add_layer_norm_rms_eps(1e-5)
    w.add_rope_freq_base(10000.0)
    w.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    w.add_quantization_version(2)
    return w


def vocabulary(w, n=40):
    w.add_tokenizer_model("llama")
    w.add_tokenizer_pre("default")
    w.add_token_list(["<unk>", "<s>", "</s>"] + [f"▁token{i}" for i in range(n - 3)])
    w.add_token_scores([float(-i) for i in range(n)])
    w.add_token_types([gguf.TokenType.NORMAL] * n)
    w.add_bos_token_id(1)
    w.add_eos_token_id(2)
    w.add_add_bos_token(True)


def tensors(w):
    w.add_tensor("token_embd.weight", rng.normal(size=(40, 32)).astype(np.float32))
    w.add_tensor("output_norm.weight", np.ones(32, np.float32))
    w.add_tensor("blk.0.attn_q.weight", rng.normal(size=(32, 32)).astype(np.float16))


w = model("model.gguf"); vocabulary(w); tensors(w); write(w)
w = model("big_endian.gguf", endianess=gguf.GGUFEndian.BIG); vocabulary(w); tensors(w); write(w)
w = model("vocabulary_only.gguf"); vocabulary(w); write(w)
w = model("aligned.gguf"); w.add_custom_alignment(64); tensors(w); write(w)

w = model("every_type.gguf")
for t, (block, size) in gguf.GGML_QUANT_SIZES.items():
    if t in (Q.F32, Q.F16, Q.F64, Q.I8, Q.I16, Q.I32, Q.I64):
        continue
    w.add_tensor(t.name.lower(), rng.integers(0, 256, (2, size), dtype=np.uint8), raw_dtype=t)
for t in (np.float32, np.float16, np.float64, np.int8, np.int16, np.int32, np.int64):
    w.add_tensor(np.dtype(t).name, np.zeros((3, 5), t))
write(w)

w = model("every_value.gguf", arch="acme")
for name, value in (("uint8", 200), ("int8", -3), ("uint16", 60000), ("int16", -9), ("uint32", 4000000000), ("int32", -7),
                    ("uint64", 1 << 63), ("int64", -(1 << 62)), ("float32", 1.5), ("float64", float("nan")), ("bool", True), ("string", "ä€😀")):
    getattr(w, "add_" + name)("acme." + name, value)
w.add_array("acme.ints", [1, 2, 3])
w.add_array("acme.floats", [1.0, float("inf")])
w.add_array("acme.bools", [True, False])
w.add_array("acme.nested", [[1, 2], [3]])
w.add_array("acme.nested_text", [["a"], ["b", "c" * 40]])
write(w)

w = gguf.GGUFWriter("lora.gguf", "llama")
w.add_type("adapter")
w.add_string("adapter.type", "lora")
w.add_float32("adapter.lora.alpha", 16.0)
w.add_tensor("blk.0.attn_q.weight.lora_a", rng.normal(size=(4, 32)).astype(np.float32))
w.add_tensor("blk.0.attn_q.weight.lora_b", rng.normal(size=(32, 4)).astype(np.float32))
write(w)

w = gguf.GGUFWriter("mmproj.gguf", "clip")
w.add_type("mmproj")
w.add_clip_has_vision_encoder(True)
w.add_clip_projector_type("mlp")
w.add_vision_image_size(336)
w.add_vision_patch_size(14)
w.add_vision_embedding_length(32)
w.add_vision_block_count(1)
w.add_vision_image_mean([0.5, 0.5, 0.5])
w.add_vision_image_std([0.5, 0.5, 0.5])
w.add_tensor("v.patch_embd.weight", rng.normal(size=(8, 3, 2, 2)).astype(np.float32))
write(w)

w = gguf.GGUFWriter("control_vector.gguf", "controlvector")
w.add_string("controlvector.model_hint", "llama")
w.add_uint32("controlvector.layer_count", 2)
w.add_tensor("direction.1", rng.normal(size=32).astype(np.float32))
write(w)

w = gguf.GGUFWriter("imatrix.gguf", "imatrix")
w.add_type("imatrix")
w.add_array("imatrix.datasets", ["wiki.txt"])
w.add_uint32("imatrix.chunk_count", 4)
w.add_uint32("imatrix.chunk_size", 512)
w.add_tensor("blk.0.attn_q.weight.in_sum2", rng.normal(size=32).astype(np.float32))
write(w)

with open("../producer.txt", "w") as f:
    for name in ("gguf", "numpy"):
        f.write(f"{name} {importlib.metadata.version(name)}\n")
    f.write(f"Python {platform.python_version()}\n")
