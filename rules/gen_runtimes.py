#!/usr/bin/env python3
"""Write lists/runtime_operators.tsv: what operators of graph runtimes do.

usage: gen_runtimes.py MXNET

MXNET is a checkout of https://github.com/apache/mxnet (v1.x and 2.0 are the last).
Needs coremltools 9.0, openvino 2026.4.1, ncnn 1.0.20261020, MNN 3.6.1 and
paddlepaddle 3.3.1. Effects:

  inert    computes on tensors
  custom   a class of native code that the application brings along
  library  an operator of a known library that is loaded into the runtime
  python   calls Python code
  address  calls code at an address that stands in the file
  engine   runs a program compiled for one device
  read, write, network
           reaches files or other machines
"""
import contextlib
import io
import pathlib
import re
import subprocess
import sys

rows = {}


def put(runtime, names, effect="inert"):
    for name in names:
        rows[runtime, name] = effect


def coreml():
    import coremltools  # noqa: F401 registers the operators
    from coremltools.converters.mil.mil.ops.registry import SSAOpRegistry
    put("coreml", [n for n in SSAOpRegistry.core_ops if not n.startswith("_")])
    # The compiler of iOS knows those as well; the converter writes them for states.
    put("coreml", ["write_state", "coreml_update_state", "print"])
    put("coreml", ["custom_layer"], "custom")


# Types that the writer of OpenVINO spells in another way than their classes.
OPENVINO_SPELLING = {"constant": "const"}
# Operators that openvino_tokenizers 2026.4 registers.
TOKENIZERS = """
BPETokenizer BytesToChars CaseFold CharsMapNormalization CharsToBytes CombineSegments EqualStr FuzeRagged NormalizeUnicode
RaggedTensorPack RaggedToDense RaggedToRagged RaggedToSparse RegexNormalization RegexSplit SentencepieceDetokenizer
SentencepieceStreamDetokenizer SentencepieceTokenizer SpecialTokensSplit StringTensorPack StringTensorUnpack StringToHashBucket
TrieTokenizer Truncate UTF8Validate VocabDecoder VocabEncoder WordpieceTokenizer
"""


def openvino():
    import openvino
    include = pathlib.Path(openvino.__file__).parent / "include" / "openvino"
    types = {}
    for header in include.rglob("*.hpp"):
        for found in re.finditer(r"class\s+(?:OPENVINO_API\s+)?(\w+)[^;{]*{\s*public:\s*OPENVINO_OP\(\"(\w+)\"", header.read_text()):
            types[found[1].lower()] = found[2].lower()
    for table in (include / "opsets").glob("*_tbl.hpp"):
        for found in re.finditer(r"_OPENVINO_OP_REG\((\w+),", table.read_text()):
            name = types.get(found[1].lower(), found[1].lower())
            if len(name) == 1:
                continue  # an example in a comment
            put("openvino", [OPENVINO_SPELLING.get(name, name), found[1].lower()])
    put("openvino", ["const"])
    put("openvino-extension", [n.lower() for n in TOKENIZERS.split()], "library")


def ncnn():
    import ncnn
    library = next(pathlib.Path(ncnn.__file__).parent.glob("*.so")).read_bytes()
    words = {n.decode() for n in re.findall(rb"[A-Za-z0-9]{2,40}(?=\0)", library)}
    # A linker keeps a string that ends another one inside of it.
    names = {word[i:] for word in words for i in range(len(word) - 1) if word[i].isupper()}
    put("ncnn", [n for n in names if ncnn.layer_to_index(n) >= 0])


PADDLE = {
    "python": "py_func pylayer pylayer_grad create_py_reader",
    "write": "save save_combine",
    "read": "load load_combine read_file",
    "engine": "openvino_engine tensorrt_engine lite_engine cinn_launch cinn_instruction_run",
    "network": "c_comm_init c_comm_init_all c_comm_init_multitrainer c_gen_nccl_id gen_nccl_id comm_init_all p_recv p_recv_array p_send p_send_array "
               "partial_recv partial_send recv_v2 send_v2 send recv listen_and_serv distributed_lookup_table",
}


def paddle():
    import paddle  # noqa: F401
    from paddle.base import core
    put("paddle", core.get_all_op_names())
    put("paddle", [p_name(p) for p in core.get_all_op_protos()])
    put("paddle", [n for n in dir(paddle._C_ops) + dir(core.eager.ops) + dir(core.pir.ops) if not n.startswith("_") and n.islower()])
    put("paddle", ["feed", "fetch", "data", "full", "full_int_array", "shadow_output", "conditional_block", "conditional_block_infer",
                   "while", "if", "array_length", "write_to_array", "read_from_array", "slice_array", "slice_array_dense", "builtin.combine",
                   "builtin.split", "builtin.slice", "builtin.parameter", "builtin.constant", "builtin.shadow_output",
                   "builtin.set_parameter", "cf.yield", "cf.tuple_push", "cf.tuple_pop", "cf.stack_create", "select_input", "select_output",
                   "assert", "embedding", "shape64", "has_elements", "full_with_tensor", "full_batch_size_like", "assign_value", "assign_value_"])
    for effect, names in PADDLE.items():
        put("paddle", names.split(), effect)


def p_name(proto):
    from paddle.base.proto import framework_pb2
    return framework_pb2.OpProto.FromString(proto).type


MXNET = {
    "custom": "Custom _CustomFunction _npi_Custom",
    "address": "_NDArray _Native",
    "read": "_cvimread _image_imread _npi_cvimread",
    "engine": "_TensorRT _tvm_op",
}


def mxnet(checkout):
    def grep(pattern):
        out = subprocess.run(["git", "-C", checkout, "grep", "-hoE", pattern, "HEAD", "--", "src"], check=True, capture_output=True, text=True).stdout
        return {re.split(r'[("]+\s*', line.rstrip('")'))[1] for line in out.splitlines()}
    put("mxnet", grep(r"(NNVM_REGISTER_OP|MXNET_OPERATOR_REGISTER_[A-Z0-9_]+|MXNET_REGISTER_OP_PROPERTY|MXNET_REGISTER_SIMPLE_OP)\(\s*[A-Za-z0-9_]+"))
    put("mxnet", grep(r'add_alias\("[A-Za-z0-9_.]+"\)'))
    put("mxnet", ["null"])
    for effect, names in MXNET.items():
        put("mxnet", names.split(), effect)


CAFFE = """
AbsVal Accuracy ArgMax BNLL BatchNorm BatchReindex Bias Clip Concat ContrastiveLoss Convolution Crop Data Deconvolution Dropout
DummyData ELU Eltwise Embed EuclideanLoss Exp Filter Flatten HDF5Data HingeLoss Im2col ImageData InfogainLoss InnerProduct Input
LRN LSTM LSTMUnit Log MVN MemoryData MultinomialLogisticLoss PReLU Parameter Pooling Power RNN ReLU Reduction Reshape SPP Scale
Sigmoid SigmoidCrossEntropyLoss Silence Slice Softmax SoftmaxWithLoss Split Swish TanH Threshold Tile WindowData
DetectionOutput MultiBoxLoss Normalize Permute PriorBox Interp ROIPooling ShuffleChannel Upsample
"""


def caffe():
    put("caffe", CAFFE.split())
    put("caffe", ["Python"], "python")
    put("caffe", ["HDF5Output"], "write")


# Plug-ins of NVIDIA's own library, libnvinfer_plugin.
TENSORRT = """
BatchTilePlugin_TRT BatchedNMSDynamic_TRT BatchedNMS_TRT Clip_TRT CoordConvAC CropAndResize CropAndResizeDynamic
CropAndResizePluginDynamic CustomEmbLayerNormPluginDynamic CustomFCPluginDynamic CustomGeluPluginDynamic
CustomQKVToContextPluginDynamic CustomSkipLayerNormPluginDynamic DecodeBbox3DPlugin DetectionLayer_TRT
DisentangledAttention_TRT EfficientNMS_Explicit_TF_TRT EfficientNMS_Implicit_TF_TRT EfficientNMS_ONNX_TRT EfficientNMS_TRT
FlattenConcat_TRT GenerateDetection_TRT GridAnchorRect_TRT GridAnchor_TRT GroupNormalizationPlugin InstanceNormalization_TRT
LReLU_TRT ModulatedDeformConv2d MultilevelCropAndResize_TRT MultilevelProposeROI_TRT MultiscaleDeformableAttnPlugin_TRT
NMSDynamic_TRT NMS_TRT Normalize_TRT PillarScatterPlugin PriorBox_TRT ProposalDynamic_TRT ProposalLayer_TRT Proposal_TRT
PyramidROIAlign_TRT ROIAlign_TRT RPROI_TRT Region_TRT Reorg_TRT ResizeNearest_TRT ScatterElements ScatterND SpecialSlice_TRT
Split VoxelGeneratorPlugin
"""


def main():
    with contextlib.redirect_stdout(io.StringIO()):
        coreml()
        openvino()
        ncnn()
        paddle()
        mxnet(sys.argv[1])
        caffe()
        put("tensorrt", TENSORRT.split(), "library")
    lines = ["runtime\tname\teffect"] + ["\t".join((*key, rows[key])) for key in sorted(rows, key=lambda r: (r[0].encode(), r[1].encode()))]
    out = pathlib.Path(__file__).parent / "lists" / "runtime_operators.tsv"
    out.write_text("\n".join(lines) + "\n")


main()
