"""Write the files of clean/ that real producers made.

pip install reportlab pikepdf pillow; python generate.py
"""
import os
import pikepdf
from PIL import Image
from reportlab.pdfgen import canvas

here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clean")
os.makedirs(here, exist_ok=True)
p = lambda name: os.path.join(here, name)
c = canvas.Canvas(p("reportlab.pdf"), invariant=1)
for i in range(3):
    c.drawString(100, 700, f"Page {i} (with a bracket and a back\\slash)"); c.bookmarkPage(str(i)); c.addOutlineEntry(f"Page {i}", str(i)); c.showPage()
c.save()
Image.new("RGB", (20, 20), (1, 2, 3)).save(p("pillow.pdf"))
with pikepdf.open(p("reportlab.pdf")) as d:
    d.Root.OpenAction = pikepdf.Array([d.pages[0].obj, pikepdf.Name.Fit])
    d.save(p("object_streams.pdf"), object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
    d.save(p("linearized.pdf"), linearize=True, deterministic_id=True)
    d.save(p("plain.pdf"), object_stream_mode=pikepdf.ObjectStreamMode.disable, stream_decode_level=pikepdf.StreamDecodeLevel.generalized, compress_streams=False, deterministic_id=True)
