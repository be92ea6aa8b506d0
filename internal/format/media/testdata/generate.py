"""Write the files of clean/ that real producers made.

pip install av soundfile numpy pillow pillow-heif fonttools brotli; python generate.py
"""
import os, io
import av, numpy as np, soundfile as sf
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont, TTCollection

here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clean")
os.makedirs(here, exist_ok=True)
p = lambda name: os.path.join(here, name)
tone = (np.sin(np.arange(8000) / 7) * 0.5).astype("float32")
for name in ("pcm.wav", "lossless.flac", "vorbis.ogg", "layer3.mp3", "pcm.aiff"):
    sf.write(p(name), tone[:4001] if name.startswith("pcm") else tone, 8000 if not name.endswith("mp3") else 16000, **({"subtype": "PCM_U8"} if name.endswith("wav") else {}))
def audio(name, codec, rate, **options):
    with av.open(p(name), "w", options=options) as c:
        s = c.add_stream(codec, rate=rate, layout="mono")
        f = av.AudioFrame.from_ndarray((tone.reshape(1, -1)[:, :8000]).astype("float32"), format="fltp", layout="mono"); f.rate = rate
        g = av.AudioResampler(format=s.codec_context.format, layout="mono", rate=rate, frame_size=s.codec_context.frame_size or 1024)
        for r in g.resample(f) + g.resample(None):
            for q in s.encode(r): c.mux(q)
        for q in s.encode(None): c.mux(q)
def video(name, codec, **options):
    with av.open(p(name), "w", options=options) as c:
        s = c.add_stream(codec, rate=10); s.width, s.height, s.pix_fmt = 64, 48, "yuv420p"
        for i in range(8):
            f = av.VideoFrame.from_ndarray(np.full((48, 64, 3), i * 30, "uint8"), format="rgb24")
            for q in s.encode(f): c.mux(q)
        for q in s.encode(None): c.mux(q)
def attempt(write, name, *rest, **options):
    try:
        write(name, *rest, **options)
    except Exception as e: # a codec that this build of FFmpeg does not have
        print(name, e); os.path.exists(p(name)) and os.remove(p(name))
attempt(audio, "tone.m4a", "aac", 16000)
attempt(audio, "tone.aac", "aac", 16000)
attempt(audio, "ffmpeg.flac", "flac", 16000)
attempt(audio, "ffmpeg.wav", "pcm_s16le", 8000)
attempt(audio, "tone.opus", "libopus", 48000)
attempt(audio, "ffmpeg.mp3", "libmp3lame", 16000)
attempt(video, "film.mp4", "mpeg4")
attempt(video, "faststart.mp4", "mpeg4", movflags="faststart")
attempt(video, "fragments.mp4", "mpeg4", movflags="frag_keyframe+empty_moov")
attempt(video, "film.mov", "mpeg4")
attempt(video, "film.mkv", "mpeg4")
attempt(video, "live.mkv", "mpeg4", live="1")
attempt(video, "film.webm", "libvpx")
attempt(video, "film.avi", "mpeg4")
try:
    import pillow_heif
    from PIL import Image
    pillow_heif.register_heif_opener()
    Image.new("RGB", (64, 48), (9, 99, 200)).save(p("picture.heic"))
    Image.new("RGB", (64, 48), (9, 99, 200)).save(p("picture.avif"))
except Exception as e:
    print(e)
pen = TTGlyphPen(None); pen.moveTo((0, 0)); pen.lineTo((0, 500)); pen.lineTo((500, 0)); pen.closePath(); glyph = pen.glyph()
fb = FontBuilder(1000, isTTF=True); fb.setupGlyphOrder([".notdef", "A"]); fb.setupCharacterMap({65: "A"})
fb.setupGlyf({".notdef": glyph, "A": glyph}); fb.setupHorizontalMetrics({".notdef": (600, 0), "A": (600, 0)})
fb.setupHorizontalHeader(ascent=800, descent=-200); fb.setupNameTable({"familyName": "Sample", "styleName": "Regular"}); fb.setupOS2(); fb.setupPost()
fb.font["head"].created = fb.font["head"].modified = 3000000000
fb.font.recalcTimestamp = False
fb.save(p("sample.ttf"))
for flavor in ("woff", "woff2"):
    f = TTFont(p("sample.ttf"), recalcTimestamp=False); f.flavor = flavor; f.save(p("sample." + flavor))
c = TTCollection(); c.fonts = [TTFont(p("sample.ttf")), TTFont(p("sample.ttf"))]; c.save(p("sample.ttc"))
