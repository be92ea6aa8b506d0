#!/usr/bin/env python3
"""Write lists/tf_ops.tsv: what every operator of TensorFlow does.

Names come from the registry of the installed tensorflow; what is not inert is
judged by hand below. LIBRARIES says whose other operators are, as far as their
shared libraries could be loaded: give the folders of unpacked packages to list
them again. Versions used: tensorflow-cpu 2.19.0.

usage: python gen_tf.py [NAME=FOLDER]...
"""
import pathlib
import sys

from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session as session

# effect → operators. "name@attr" holds only when the attribute says so, "name#n"
# only when input n is not the constant empty string; see tf_ops in rules.go.
JUDGED = {
    "file": "ReadFile WriteFile",
    "write": """
        CacheDataset#1 CacheDatasetV2#1 CalibrationStatisticsSaver CreateSummaryDbWriter CreateSummaryFileWriter
        DatasetToTFRecord DistributedSave DumpTensor ExperimentalDatasetToTFRecord ImportEvent
        SaveDataset SaveDatasetV2 SnapshotDataset SnapshotDatasetV2 PrintV2@output_stream
        WriteAudioSummary WriteGraphSummary WriteHistogramSummary WriteImageSummary WriteRawProtoSummary
        WriteScalarSummary WriteSummary SerializeTRTResource""",
    "read": """
        CSVDataset CSVDatasetV2 DecodeProtoV2@descriptor_source EncodeProto@descriptor_source
        ExperimentalCSVDataset ExperimentalLMDBDataset ExperimentalMatchingFilesDataset ExperimentalSqlDataset
        FixedLengthRecordDataset FixedLengthRecordDatasetV2 FixedLengthRecordReader FixedLengthRecordReaderV2
        FixedUnigramCandidateSampler@vocab_file ImmutableConst LMDBDataset LMDBReader ListSnapshotChunksDataset
        LoadAndRemapMatrix LoadDataset MatchingFiles MatchingFilesDataset RecordInput Skipgram SnapshotChunkDataset
        SnapshotDatasetReader SqlDataset TFRecordDataset TFRecordDatasetV2 TFRecordReader TFRecordReaderV2
        TextLineDataset TextLineDatasetV2 TextLineReader TextLineReaderV2 WholeFileReader WholeFileReaderV2""",
    # reads a vocabulary: from an asset of the model it is ordinary; the name is input n
    "asset1": "InitializeTableFromTextFile InitializeTableFromTextFileV2 InitializeTRTResource",
    "asset0": "GenerateVocabRemapping",
    "save": "Save SaveSlices SaveV2 MergeV2Checkpoints",
    "restore": "DTensorRestoreV2 Restore RestoreSlice RestoreV2",
    "python": "EagerPyFunc PyFunc PyFuncStateless",
    "network": """
        DataServiceDataset DataServiceDatasetV2 DataServiceDatasetV3 DataServiceDatasetV4 RegisterDataset RegisterDatasetV2
        DebugIdentity@debug_urls DebugIdentityV2@debug_urls DebugIdentityV3@debug_urls DebugNanCount@debug_urls
        DebugNumericSummary@debug_urls FileSystemSetConfiguration GcsConfigureBlockCache GcsConfigureCredentials
        Rpc TryRpc RpcCall RpcCheckStatus RpcClient RpcGetValue RpcServer RpcServerRegister RpcServerStart
        Recv Send _HostRecv _HostSend _Recv _Send""",
    "native": "Abort RemoteFusedGraphExecute TfLiteSubgraphExecute TRTEngineOp WorkerHeartbeat XlaCustomCall XlaCustomCallV2",
    "module": "MlirPassthroughOp XlaCallModule _TPUCompileMlir _XlaHostComputeMlir",
    "graph": "DatasetFromGraph",
}


def registered():
    buffer = session.TF_GetAllOpList()
    ops = op_def_pb2.OpList()
    ops.ParseFromString(session.TF_GetBuffer(buffer))
    return {op.name for op in ops.op}


def added(folder, before):
    """Operators that the shared libraries below a folder register."""
    from tensorflow.python.framework import load_library
    for library in sorted(pathlib.Path(folder).rglob("*.so")):
        try:
            load_library.load_op_library(str(library))
        except Exception:  # not a library of operators, or of another version
            continue
    return registered() - before


def main():
    table = pathlib.Path(__file__).parent / "lists" / "tf_ops.tsv"
    rows = {}
    if table.exists():  # operators of libraries that are not given today
        for line in table.read_text().splitlines()[1:]:
            name, effect, detail = line.split("\t")
            if effect == "library":
                rows[name] = (effect, detail)
    own = registered()
    rows.update((name, ("inert", "")) for name in own)
    for effect, names in JUDGED.items():
        for name in names.split():
            condition = ""
            for mark in "@#":
                if mark in name:
                    name, _, condition = name.partition(mark)
            rows[name] = (effect, condition)
    for argument in sys.argv[1:]:
        library, _, folder = argument.partition("=")
        for name in added(folder, own):
            rows[name] = ("library", library)
        own = registered()
    with open(table, "w") as f:
        print("name\teffect\tdetail", file=f)
        for name, row in sorted(rows.items(), key=lambda r: r[0].encode()):
            print(name, *row, sep="\t", file=f)


if __name__ == "__main__":
    main()
