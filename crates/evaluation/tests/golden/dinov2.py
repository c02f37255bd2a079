"""Writes dinov2.safetensors: images, and some of the pixels that DINOv2 sees of them, by PyTorch and by Pillow.

The two ways are those of EDM2's program ("torch", its default) and of dgm-eval ("pillow"). Needs numpy, safetensors, torch and Pillow before version
13. Names are `<case>.source` [channels, height, width] and `<case>.<way>` [rows, columns, 3]: every 9th row and every 11th column of 224.

    python crates/evaluation/tests/golden/dinov2.py
"""

from pathlib import Path

import numpy as np
import PIL
import torch
from PIL import Image
from safetensors.numpy import save_file

assert int(PIL.__version__.split(".")[0]) < 13
MEAN, DEVIATION = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])


def by_torch(pixels):
    images = torch.from_numpy(pixels)[None].to(torch.float32)
    resized = torch.nn.functional.interpolate(images, (224, 224), mode="bicubic", align_corners=False, antialias=True)
    return resized[0].numpy()


def by_pillow(pixels):
    image = Image.fromarray(np.ascontiguousarray(pixels.transpose(1, 2, 0)))
    return np.array(image.resize((224, 224), Image.Resampling.BICUBIC)).transpose(2, 0, 1).astype(np.float32)


random = np.random.default_rng(5)
tensors = {}
for case, shape in {"odd": (3, 37, 53), "grey": (1, 28, 27), "large": (3, 301, 31)}.items():
    pixels = random.integers(0, 256, shape, dtype=np.uint8)
    pixels[:, : shape[1] // 3] = 255
    tensors[f"{case}.source"] = pixels
    colours = np.repeat(pixels, 3 // shape[0], axis=0)
    for way, resize in {"torch": by_torch, "pillow": by_pillow}.items():
        seen = (resize(colours).transpose(1, 2, 0) / np.float32(255) - MEAN) / DEVIATION
        tensors[f"{case}.{way}"] = np.ascontiguousarray(seen[::9, ::11])
save_file(tensors, Path(__file__).with_suffix(".safetensors"))
