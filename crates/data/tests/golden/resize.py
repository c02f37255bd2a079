"""Writes resize.safetensors: images of noise, and what Pillow makes of them by resizing and by the crop of ADM's code, and what PyTorch makes of
them by its smoothed bicubic resizing in single precision.

Needs numpy, safetensors, torch and Pillow before version 13, which for some sizes begins with the vertical pass. Names are `<case>.source` and
`<case>.<filter>.<height>x<width>` or `<case>.adm.<resolution>`; all are [height, width, channels].

    python crates/data/tests/golden/resize.py
"""

from pathlib import Path

import numpy as np
import PIL
import torch
from PIL import Image
from safetensors.numpy import save_file

assert int(PIL.__version__.split(".")[0]) < 13
FILTERS = {filter.name.lower(): filter for filter in Image.Resampling}


def adm(image, resolution):
    """Section "center_crop_arr" of the published data loader."""
    while min(*image.size) >= 2 * resolution:
        image = image.resize(tuple(side // 2 for side in image.size), Image.Resampling.BOX)
    scale = resolution / min(*image.size)
    image = image.resize(tuple(round(side * scale) for side in image.size), Image.Resampling.BICUBIC)
    pixels = np.array(image)
    top, left = (pixels.shape[0] - resolution) // 2, (pixels.shape[1] - resolution) // 2
    return pixels[top : top + resolution, left : left + resolution]


def by_torch(pixels, size):
    planes = torch.from_numpy(pixels).permute(2, 0, 1)[None].float()
    resized = torch.nn.functional.interpolate(planes, size, mode="bicubic", align_corners=False, antialias=True)
    return np.ascontiguousarray(resized[0].permute(1, 2, 0).numpy())


def source(random, height, width, channels):
    """Noise with black and white areas, whose edges overshoot."""
    pixels = random.integers(0, 256, (height, width, channels), dtype=np.uint8)
    pixels[: height // 3] = 255
    pixels[: height // 2, : width // 3] = 0
    return pixels


def stored(pixels):
    return np.ascontiguousarray(pixels if pixels.ndim == 3 else pixels[:, :, None])


random = np.random.default_rng(11)
CASES = {
    # height, width, channels, sizes to resize to, resolutions to crop to
    "grey": (13, 7, 1, [(5, 3), (13, 20), (29, 7), (1, 1), (6, 14)], [5, 3, 7, 9]),
    "colour": (31, 46, 3, [(15, 23), (14, 46), (47, 11), (31, 46), (33, 52)], [7, 15, 16, 33]),
    "line": (1, 50, 3, [(1, 7), (4, 50)], []),
    "tall": (67, 9, 3, [(22, 3)], [4, 2, 1]),
    # 2.5 and 12.5 rows after scaling: halves are rounded to even.
    "half": (10, 4, 1, [], [1, 5]),
}

tensors = {}
for name, (height, width, channels, sizes, resolutions) in CASES.items():
    pixels = source(random, height, width, channels)
    tensors[f"{name}.source"] = pixels
    image = Image.fromarray(pixels if channels == 3 else pixels[:, :, 0])
    for filter_name, resampling in FILTERS.items():
        for rows, columns in sizes:
            resized = np.array(image.resize((columns, rows), resampling))
            tensors[f"{name}.{filter_name}.{rows}x{columns}"] = stored(resized)
    for rows, columns in sizes:
        tensors[f"{name}.torch.{rows}x{columns}"] = by_torch(pixels, (rows, columns))
    for resolution in resolutions:
        tensors[f"{name}.adm.{resolution}"] = stored(adm(image, resolution))
save_file(tensors, Path(__file__).with_suffix(".safetensors"))
