"""Writes archives of the kinds that EDM2's tools make, and archives.safetensors with what is in them.

Needs Pillow, numpy and safetensors.

    python crates/data/tests/golden/archives.py
"""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.numpy import save_file

folder = Path(__file__).parent
random = np.random.default_rng(5)
tensors = {}


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="png", compress_level=0, optimize=False)
    return file.getvalue()


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def write(name, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(folder / name, "w", compression) as archive:
        for member, content in members.items():
            # Names of folders, and fields behind a name that only some members have.
            if content is None:
                archive.writestr(zipfile.ZipInfo(member), b"")
                continue
            with archive.open(member, "w", force_zip64="3" in member) as file:
                file.write(content)


# Images in another order than their names', labels in yet another.
names = [f"{number // 1000:05d}/img{number:08d}.png" for number in (0, 1, 999, 1000, 1003)]
images = {name: random.integers(0, 256, (4, 5, 3), dtype=np.uint8) for name in names}
tensors |= {f"images.{name}": pixels for name, pixels in images.items()}
labels = dict(zip(names, [3, 0, 3, 7, 1]))
members = {name: png(images[name]) for name in reversed(names)}
members["dataset.json"] = json.dumps({"labels": [[name, labels[name]] for name in sorted(names, key=labels.get)]}).encode()
write("images.zip", members)

names = [f"00000/img-mean-std-{number:08d}.npy" for number in range(3)]
latents = {name: random.normal(size=(6, 3, 2)).astype(np.float32) for name in names}
tensors |= {f"latents.{name}": moments for name, moments in latents.items()}
members = {"dataset.json": json.dumps({"labels": None}).encode()} | {name: npy(latents[name]) for name in names}
write("latents.zip", members)

# What someone may have packed by hand: classes as folders, compressed.
grey = {f"{kind}/{number}.png": np.full((16, 16), 20 * number + len(kind), dtype=np.uint8) for kind in ("owl", "heron") for number in range(3)}
grey |= {"owl/9.png": np.zeros((8, 8), dtype=np.uint8)}
tensors |= {f"deflated.{name}": pixels for name, pixels in grey.items()}
members = {"owl/": None} | {name: png(pixels) for name, pixels in grey.items()} | {"readme.txt": b"hello"}
write("deflated.zip", members, zipfile.ZIP_DEFLATED)

save_file(tensors, folder / "archives.safetensors")
