#!/usr/bin/env python3
"""Write lists/onnx_operators.tsv: what every operator of an official domain does.

Names come from the schemas of onnx and onnxruntime; what is not inert is judged
by hand below. The schemas of training operators are not part of the packages on
PyPI and are listed here. Versions used: onnx 1.23.2, onnxruntime 1.31.1.

usage: python gen_onnx.py
"""
import pathlib

import onnx.defs
from onnxruntime.capi import onnxruntime_pybind11_state as runtime

# domain → operator → effect; see onnx_operators.tsv in rules.go for the effects.
JUDGED = {
    "com.microsoft": {
        "ATen": "dispatch", "ATenGrad": "dispatch",
        "PythonOp": "python", "PythonOpGrad": "python", "TritonOp": "python",
        "EPContext": "engine", "Snpe": "engine",
    },
    "org.pytorch.aten": {"ATen": "dispatch"},
    "ai.onnx.contrib": {
        "PyOp": "python", "ImageReader": "file",
        "AzureAudioInvoker": "network", "AzureTextInvoker": "network", "AzureTritonInvoker": "network",
        "AzureAudioToText": "network", "AzureTextToText": "network", "OpenAIAudioToText": "network",
    },
    "com.microsoft.extensions": {
        "AzureAudioInvoker": "network", "AzureTextInvoker": "network", "AzureTritonInvoker": "network",
        "AzureAudioToText": "network", "AzureTextToText": "network", "OpenAIAudioToText": "network",
    },
}

# Operators that move tensors between machines of a training run.
TRAINING_NETWORK = "HorovodAllReduce HorovodBarrier MegatronF MegatronG NcclAllGather NcclAllReduce NcclReduceScatter Recv Send"
TRAINING = """
AdamOptimizer AdamWOptimizer AdasumAllReduce AveragePoolGrad BatchNormalizationGrad BatchNormInternal BatchScale
BiasFastGeluGrad_dX BiasGeluGrad_dX BiasSoftmaxDropout BitmaskBiasDropout BitmaskDropout BitmaskDropoutGrad BroadcastGradientArgs
ConcatTraining ConvGrad ConvTransposeGrad DivGrad DropoutGrad DynamicSlice FakeQuant FakeQuantGrad FastGeluGrad GatherElementsGrad
GatherGrad GatherNDGrad GeluGrad GistBinarizeDecoder GistBinarizeEncoder Group GRUGrad GRUTraining InPlaceAccumulator
InPlaceAccumulatorV2 InvertibleLayerNormalizationGrad LambOptimizer LayerNormalizationGrad LeakyReluGrad LogSoftmaxGrad
LogSoftmaxGrad_13 LSTMGrad LSTMTraining MaxPoolGrad MixedPrecisionScale PadAndUnflatten PassThrough QuickGeluGrad RecordEvent
ReduceAllL2 ReduceSumTraining ReluGrad ResizeGrad ScaledSum SGDOptimizer SGDOptimizerV2 ShrunkenGather SigmoidGrad
SimplifiedLayerNormalizationGrad SinGrad SliceGrad SoftmaxCrossEntropy SoftmaxCrossEntropyGrad SoftmaxCrossEntropyLossGrad
SoftmaxCrossEntropyLossInternal SoftmaxCrossEntropyLossInternalGrad SoftmaxDropoutGrad SoftmaxGrad SoftmaxGrad_13
SparseSoftmaxCrossEntropy SparseSoftmaxCrossEntropyGrad SplitTraining SummaryHistogram SummaryMerge SummaryScalar SummaryText
TanhGrad ThresholdedRelu View WaitEvent YieldOp ZeroGradient
"""

# Domains whose schemas the packages bring along. The empty one is "ai.onnx".
OFFICIAL = {"", "ai.onnx.ml", "ai.onnx.preview", "ai.onnx.preview.training", "com.microsoft", "com.microsoft.nchwc", "com.ms.internal.nhwc"}


def main():
    rows = {}
    for schema in list(onnx.defs.get_all_schemas_with_history()) + list(runtime.get_all_operator_schema()):
        if schema.domain not in OFFICIAL:
            raise SystemExit(f"judge the domain {schema.domain!r} first")
        rows[schema.domain or "ai.onnx", schema.name] = "inert"
    for name in TRAINING.split():
        rows["com.microsoft", name] = "inert"
    for name in TRAINING_NETWORK.split():
        rows["com.microsoft", name] = "network"
    # Internals of the runtime, without published schemas.
    for domain in ("com.microsoft.dml", "com.microsoft.experimental", "com.ms.internal.nhwc"):
        rows[domain, "*"] = "inert"
    for name in ("Gradient", "GraphCall"):
        rows["ai.onnx.training", name] = "inert"
    for name in ("Adam", "Adagrad", "Gradient", "Momentum"):
        rows["ai.onnx.preview.training", name] = "inert"
    for domain, judged in JUDGED.items():
        for name, effect in judged.items():
            rows[domain, name] = effect
    lines = ["domain\tname\teffect"] + [f"{d}\t{n}\t{e}" for (d, n), e in sorted(rows.items(), key=lambda r: (r[0][0].encode(), r[0][1].encode()))]
    out = pathlib.Path(__file__).parent / "lists" / "onnx_operators.tsv"
    out.write_text("\n".join(lines) + "\n")


main()
