"""Write the files of clean/ that real producers made.

pip install pyarrow==26.0.1 pandas==3.1.1 fastavro; python generate.py [folder with a virtual environment's python]
"""
import io, json, os, sys
import pyarrow as pa, pyarrow.parquet as pq, pyarrow.feather as feather
import fastavro

here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clean")
os.makedirs(here, exist_ok=True)
p = lambda name: os.path.join(here, name)

table = pa.table({
    "id": pa.array(range(300), pa.int64()),
    "text": pa.array([f"row {i % 7}" for i in range(300)]),
    "score": pa.array([i / 7 if i % 5 else None for i in range(300)], pa.float32()),
    "tags": pa.array([[str(i), "x"][: i % 3] for i in range(300)], pa.list_(pa.string())),
    "kind": pa.array([["a", "b", "c"][i % 3] for i in range(300)]).dictionary_encode(),
    "box": pa.array([{"x": i, "y": None} for i in range(300)], pa.struct([("x", pa.int32()), ("y", pa.date32())])),
})
pq.write_table(table, p("snappy.parquet"), row_group_size=100)
pq.write_table(table, p("index_checksum.parquet"), compression="zstd", write_page_index=True, write_page_checksum=True,
               data_page_version="2.0", row_group_size=64)
pq.write_table(table, p("bloom.parquet"), compression="none", use_dictionary=False, bloom_filter_options={"id": {"ndv": 100, "fpp": 0.01}}) \
    if "bloom_filter_options" in pq.write_table.__doc__ else None
pq.write_table(table.slice(0, 0), p("empty.parquet"))
pq.write_table(table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": {"id": {"dtype": "int64", "_type": "Value"}}}})}),
               p("huggingface.parquet"))
try:
    import pandas as pd
    table.to_pandas().to_parquet(p("pandas.parquet"))
except ImportError:
    pass
feather.write_feather(table, p("lz4.feather"), compression="lz4")
feather.write_feather(table, p("plain.feather"), compression="uncompressed")
with pa.OSFile(p("batches.arrow"), "wb") as f, pa.ipc.new_file(f, table.schema) as w:
    w.write_table(table, max_chunksize=128)
with pa.OSFile(p("stream.arrows"), "wb") as f, pa.ipc.new_stream(f, table.schema) as w:
    w.write_table(table, max_chunksize=128)
uuid = pa.table({"u": pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"0123456789abcdef"], pa.binary(16)))})
with pa.OSFile(p("extension.arrow"), "wb") as f, pa.ipc.new_file(f, uuid.schema) as w:
    w.write_table(uuid)
with pa.OSFile(p("views.arrow"), "wb") as f:
    t = pa.table({"v": pa.array(["a", "a text that is too long to stand in place", None] * 40, pa.string_view()),
                  "r": pa.RunEndEncodedArray.from_arrays(pa.array([50, 120], pa.int32()), pa.array([1.0, 2.0])),
                  "n": pa.nulls(120)})
    with pa.ipc.new_file(f, t.schema) as w:
        w.write_table(t)
schema = {"type": "record", "name": "Row", "fields": [{"name": "id", "type": "long"},
          {"name": "price", "type": {"type": "string", "java-class": "java.math.BigDecimal"}}]}
for codec in ("null", "deflate"):
    with open(p(f"{codec}.avro"), "wb") as f:
        fastavro.writer(f, schema, [{"id": i, "price": str(i)} for i in range(500)], codec=codec, sync_interval=1000, sync_marker=b"0123456789abcdef")
try:  # needs tensorflow-cpu
    import tensorflow as tf
    with tf.io.TFRecordWriter(p("examples.tfrecord")) as w:
        for i in range(20):
            w.write(tf.train.Example(features=tf.train.Features(feature={"id": tf.train.Feature(int64_list=tf.train.Int64List(value=[i]))})).SerializeToString())
except ImportError:
    pass
