"""Write the bitmaps, icons and TIFF files of clean/: pip install pillow==13.0.0; python generate.py"""
import os
from PIL import Image
here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clean")
p = lambda name: os.path.join(here, name)
im = Image.new("RGB", (33, 17)); im.putdata([(x * 7 % 256, x % 256, x // 3 % 256) for x in range(33 * 17)])
im.save(p("rgb.bmp")); im.convert("1").save(p("bits.bmp")); im.convert("P").save(p("palette.bmp"))
im.resize((32, 32)).save(p("sizes.ico"), sizes=[(16, 16), (32, 32)]); im.resize((16, 16)).save(p("bitmap.ico"), bitmap_format="bmp", sizes=[(16, 16)])
im.save(p("raw.tif")); im.save(p("lzw.tiff"), compression="tiff_lzw"); im.convert("L").save(p("deflate.tif"), compression="tiff_deflate", tiffinfo={270: "a description"})
im.save(p("pages.tif"), save_all=True, append_images=[im.convert("L")]); im.save(p("jpeg.tif"), compression="jpeg")
ex = Image.Exif(); ex[271] = "maker"; ex.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0comment"; im.save(p("exif.tif"), exif=ex)
