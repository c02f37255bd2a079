"""Writes inception.safetensors: what torchvision's Inception-v3, changed to FID's network, makes of images of odd sizes.

Weights and images are numbers of a formula, so that no file holds them. Needs torch, torchvision, numpy and safetensors.

    python crates/models/tests/golden/inception.py
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as functional
from safetensors.numpy import save_file
from torchvision.models import inception_v3
from torchvision.models.inception import InceptionA, InceptionC, InceptionE

SIZES = {"odd": (3, 37, 53), "grey": (1, 28, 28), "large": (3, 401, 310)}


def uniform(stream, count):
    """Numbers from -1 to 1: SplitMix64 of the stream and the place."""
    with np.errstate(over="ignore"):
        z = (np.uint64(stream) << np.uint64(32)) + np.arange(count, dtype=np.uint64)
        z = (z + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return ((z >> np.uint64(40)).astype(np.float64) / 2**23 - 1).astype(np.float32)


def weight(name, shape, stream):
    numbers = uniform(stream, int(np.prod(shape))).reshape(shape)
    if name.endswith(("conv.weight", "fc.weight")):
        return numbers * np.float32(np.sqrt(6 / np.prod(shape[1:])))
    if name.endswith("running_var"):
        return 1 + np.float32(0.5) * numbers
    if name.endswith("bn.weight"):
        return 1 + np.float32(0.25) * numbers
    return np.float32(0.25) * numbers


def mean_pool(x):
    return functional.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)


def forward_a(block, x):
    return torch.cat(
        [
            block.branch1x1(x),
            block.branch5x5_2(block.branch5x5_1(x)),
            block.branch3x3dbl_3(block.branch3x3dbl_2(block.branch3x3dbl_1(x))),
            block.branch_pool(mean_pool(x)),
        ],
        1,
    )


def forward_c(block, x):
    seven = block.branch7x7_3(block.branch7x7_2(block.branch7x7_1(x)))
    twice = block.branch7x7dbl_3(block.branch7x7dbl_2(block.branch7x7dbl_1(x)))
    twice = block.branch7x7dbl_5(block.branch7x7dbl_4(twice))
    return torch.cat([block.branch1x1(x), seven, twice, block.branch_pool(mean_pool(x))], 1)


def forward_e(pool):
    def forward(block, x):
        three = block.branch3x3_1(x)
        twice = block.branch3x3dbl_2(block.branch3x3dbl_1(x))
        parts = [block.branch1x1(x), block.branch3x3_2a(three), block.branch3x3_2b(three)]
        parts += [block.branch3x3dbl_3a(twice), block.branch3x3dbl_3b(twice), block.branch_pool(pool(x))]
        return torch.cat(parts, 1)

    return forward


def network():
    model = inception_v3(num_classes=1008, aux_logits=False, init_weights=False, weights=None).eval()
    for block in model.modules():
        if isinstance(block, InceptionA):
            block.forward = forward_a.__get__(block)
        elif isinstance(block, InceptionC):
            block.forward = forward_c.__get__(block)
        elif isinstance(block, InceptionE):
            block.forward = forward_e(mean_pool).__get__(block)
    model.Mixed_7c.forward = forward_e(lambda x: functional.max_pool2d(x, 3, stride=1, padding=1)).__get__(model.Mixed_7c)
    state = model.state_dict()
    names = sorted(name for name in state if not name.endswith("num_batches_tracked"))
    for stream, name in enumerate(names):
        state[name] = torch.from_numpy(weight(name, tuple(state[name].shape), stream))
    model.load_state_dict(state)
    return model


def images(index, shape):
    return ((uniform(1000 + index, int(np.prod(shape))) + 1) * 127.99).astype(np.uint8).reshape(shape)


def pytorch_fid(image):
    x = functional.interpolate(image / 255, size=(299, 299), mode="bilinear", align_corners=False)
    return 2 * x - 1


def tensorflow(image):
    """Pixel i lies at i·size/299; by torch's sampling at places, which shares nothing with ours."""
    height, width = image.shape[2:]
    y = torch.arange(299, dtype=torch.float64) * height / 299
    x = torch.arange(299, dtype=torch.float64) * width / 299
    places = torch.stack(torch.meshgrid(2 * x / (width - 1) - 1, 2 * y / (height - 1) - 1, indexing="xy"), -1)
    image = functional.grid_sample(image.double(), places[None], mode="bilinear", padding_mode="border", align_corners=True)
    return ((image - 128) / 128).float()


def main():
    model = network().double()
    found = {}
    spatial = []
    model.Mixed_6d.branch1x1.register_forward_hook(lambda _module, _input, output: spatial.append(output))
    pooled = []
    model.avgpool.register_forward_hook(lambda _module, _input, output: pooled.append(output))
    for index, (name, shape) in enumerate(SIZES.items()):
        image = torch.from_numpy(images(index, shape))[None].float()
        image = image.expand(1, 3, *shape[1:])
        for protocol in (tensorflow, pytorch_fid):
            presented = protocol(image)
            with torch.no_grad():
                logits = model(presented.double()) - model.fc.bias
            key = f"{name}.{protocol.__name__}"
            found[f"{key}.features"] = pooled.pop().flatten().float().numpy()
            found[f"{key}.presented"] = presented[0, :, ::37, ::41].permute(1, 2, 0).numpy()
            if name == "odd":
                found[f"{key}.logits"] = logits[0].float().numpy()
                found[f"{key}.spatial"] = spatial[-1][0, :7].permute(1, 2, 0).flatten().float().numpy()
    for name, tensor in found.items():
        print(name, tensor.shape, tensor.mean(), tensor.std())
    save_file({name: np.ascontiguousarray(x) for name, x in found.items()}, Path(__file__).with_suffix(".safetensors"))


if __name__ == "__main__":
    main()
