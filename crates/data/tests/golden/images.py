"""Writes images/, one file of each kind of image, and images.safetensors with what Pillow reads in them.

Needs Pillow, numpy and safetensors. Tensors are `<file>.rgb` [height, width, 3] and `<file>.grey` [height, width]; of 16 bits per channel,
which Pillow does not read in colours, they are the upper 8.

    python crates/data/tests/golden/images.py
"""

import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.numpy import save_file

HEIGHT, WIDTH = 9, 13
folder = Path(__file__).with_name("images")
folder.mkdir(exist_ok=True)
random = np.random.default_rng(3)

noise = random.integers(0, 256, (HEIGHT, WIDTH, 4), dtype=np.uint8)
down, right = np.mgrid[0:HEIGHT, 0:WIDTH]
# Soft enough that decoders of lossy formats agree.
soft = np.stack([20 * down + 40, 15 * right + 30, 230 - 8 * (down + right)], axis=-1).astype(np.uint8)
tensors = {}


def expect(name, image):
    tensors[f"{name}.rgb"] = np.array(image.convert("RGB"))
    tensors[f"{name}.grey"] = np.array(image.convert("RGB").convert("L"))


def write(name, image, **options):
    image.save(folder / name, **options)
    expect(name, Image.open(folder / name))


def write_sixteen(name, pixels):
    """A PNG of 16 bits by hand; rows are not filtered."""
    height, width, channels = pixels.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    (folder / name).write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)
    upper = (pixels >> 8).astype(np.uint8)
    expect(name, Image.fromarray(upper[:, :, :3] if channels > 2 else upper[:, :, 0]))


write("grey.png", Image.fromarray(noise[:, :, 0]))
write("one-bit.png", Image.fromarray(noise[:, :, 1]).convert("1"))
write("grey-alpha.png", Image.fromarray(noise[:, :, :2], "LA"))
write("colour.png", Image.fromarray(noise[:, :, :3]))
write("colour-alpha.png", Image.fromarray(noise))
palette = Image.fromarray(noise[:, :, :3]).quantize(7)
write("palette.png", palette)
write("palette-alpha.png", palette, transparency=2)
write_sixteen("grey-sixteen.png", random.integers(0, 1 << 16, (HEIGHT, WIDTH, 1)))
write_sixteen("grey-alpha-sixteen.png", random.integers(0, 1 << 16, (HEIGHT, WIDTH, 2)))
write_sixteen("colour-sixteen.png", random.integers(0, 1 << 16, (HEIGHT, WIDTH, 3)))
write_sixteen("colour-alpha-sixteen.png", random.integers(0, 1 << 16, (HEIGHT, WIDTH, 4)))
photograph = Image.fromarray(soft)
write("photograph.jpg", photograph, quality=92, subsampling="4:4:4")
write("subsampled.jpeg", photograph, quality=92, subsampling="4:2:0")
write("progressive.JPG", photograph, quality=92, progressive=True)
write("grey.jpg", photograph.convert("L"), quality=92)
write("inks.jpg", photograph.convert("CMYK"), quality=92)
write("lossless.webp", Image.fromarray(noise[:, :, :3]), lossless=True)
write("lossy.webp", photograph, quality=92)
write("lossy-alpha.webp", Image.fromarray(np.concatenate([soft, noise[:, :, 3:]], axis=-1)), quality=92, exact=True)
# A JPEG in disguise.
(folder / "disguised.png").write_bytes((folder / "photograph.jpg").read_bytes())
expect("disguised.png", Image.open(folder / "photograph.jpg"))
save_file(tensors, Path(__file__).with_suffix(".safetensors"))
