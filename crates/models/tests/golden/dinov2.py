"""Writes dinov2.safetensors: what a small DINOv2 makes of images of several sizes, by transformers and by a program of the published formulas.

Both must agree; transformers resizes positions by another ratio than the authors' code, so that its way is replaced, and what it makes by
its own is kept for comparison. Weights and images are numbers of a formula, so that no file holds them. Needs torch, transformers, numpy and
safetensors.

    python crates/models/tests/golden/dinov2.py
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as functional
from safetensors.numpy import save_file
from transformers import Dinov2Config, Dinov2Model

WIDTH, HEADS, DEPTH, HIDDEN = 128, 2, 3, 384
# Grid of the learned positions; images, height and width.
CASES = {"published": (37, (1, 224, 224)), "odd": (37, (2, 42, 70)), "line": (5, (1, 14, 154)), "own": (5, (1, 70, 70))}


def uniform(stream, count):
    """Numbers from -1 to 1: SplitMix64 of the stream and the place."""
    with np.errstate(over="ignore"):
        z = (np.uint64(stream) << np.uint64(32)) + np.arange(count, dtype=np.uint64)
        z = (z + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return ((z >> np.uint64(40)).astype(np.float64) / 2**23 - 1).astype(np.float32)


def shapes(grid):
    """Of all tensors, in the layout of torch's hub."""
    yield "cls_token", (1, 1, WIDTH)
    yield "mask_token", (1, WIDTH)
    yield "pos_embed", (1, 1 + grid * grid, WIDTH)
    yield from layer("patch_embed.proj", WIDTH, 3, 14, 14)
    for block in range(DEPTH):
        yield from layer(f"blocks.{block}.norm1", WIDTH)
        yield from layer(f"blocks.{block}.attn.qkv", 3 * WIDTH, WIDTH)
        yield from layer(f"blocks.{block}.attn.proj", WIDTH, WIDTH)
        yield f"blocks.{block}.ls1.gamma", (WIDTH,)
        yield from layer(f"blocks.{block}.norm2", WIDTH)
        yield from layer(f"blocks.{block}.mlp.fc1", HIDDEN, WIDTH)
        yield from layer(f"blocks.{block}.mlp.fc2", WIDTH, HIDDEN)
        yield f"blocks.{block}.ls2.gamma", (WIDTH,)
    yield from layer("norm", WIDTH)


def layer(name, *shape):
    yield f"{name}.weight", shape
    yield f"{name}.bias", shape[:1]


def weight(name, shape, stream):
    numbers = uniform(stream, int(np.prod(shape))).reshape(shape)
    if name.endswith(".weight") and len(shape) > 1:
        return numbers * np.float32(np.sqrt(6 / np.prod(shape[1:])))
    if name.endswith((".weight", ".gamma")):
        return np.float32(0.75) + np.float32(0.25) * numbers
    return numbers if name == "pos_embed" else np.float32(0.25) * numbers


def weights(grid):
    numbers = (weight(name, shape, stream) for stream, (name, shape) in enumerate(shapes(grid)))
    return {name: torch.from_numpy(x).double() for (name, _), x in zip(shapes(grid), numbers)}


def resized(positions, height, width):
    """The authors' way: the sides of the new grid are a tenth of a patch larger while the ratio is taken."""
    rows, columns = height // 14, width // 14
    count = positions.shape[1] - 1
    grid = int(count**0.5)
    if rows * columns == count and rows == columns:
        return positions
    patches = positions[:, 1:].reshape(1, grid, grid, -1).permute(0, 3, 1, 2)
    ratio = ((rows + 0.1) / grid, (columns + 0.1) / grid)
    patches = functional.interpolate(patches, scale_factor=ratio, mode="bicubic")
    assert patches.shape[2:] == (rows, columns)
    return torch.cat([positions[:, :1], patches.flatten(2).transpose(1, 2)], 1)


def by_formula(state, images):
    def linear(name, x):
        return functional.linear(x, state[f"{name}.weight"], state[f"{name}.bias"])

    def norm(name, x):
        return functional.layer_norm(x, (WIDTH,), state[f"{name}.weight"], state[f"{name}.bias"], 1e-6)

    x = functional.conv2d(images, state["patch_embed.proj.weight"], state["patch_embed.proj.bias"], stride=14)
    x = torch.cat([state["cls_token"].expand(len(images), -1, -1), x.flatten(2).transpose(1, 2)], 1)
    x = x + resized(state["pos_embed"], *images.shape[2:])
    for block in range(DEPTH):
        name = f"blocks.{block}"
        qkv = linear(f"{name}.attn.qkv", norm(f"{name}.norm1", x))
        q, k, v = qkv.unflatten(-1, (3, HEADS, WIDTH // HEADS)).permute(2, 0, 3, 1, 4)
        attended = ((q * (WIDTH // HEADS) ** -0.5) @ k.transpose(-1, -2)).softmax(-1) @ v
        x = x + state[f"{name}.ls1.gamma"] * linear(f"{name}.attn.proj", attended.transpose(1, 2).flatten(2))
        hidden = functional.gelu(linear(f"{name}.mlp.fc1", norm(f"{name}.norm2", x)))
        x = x + state[f"{name}.ls2.gamma"] * linear(f"{name}.mlp.fc2", hidden)
    return norm("norm", x)[:, 0]


def transformers_model(state, grid):
    config = Dinov2Config(
        hidden_size=WIDTH,
        num_attention_heads=HEADS,
        num_hidden_layers=DEPTH,
        mlp_ratio=HIDDEN // WIDTH,
        image_size=14 * grid,
        patch_size=14,
        attn_implementation="eager",
    )
    model = Dinov2Model(config).double().eval()
    own = model.state_dict()
    for name in own:
        theirs = name
        for one, other in [
            ("embeddings.position_embeddings", "pos_embed"),
            ("embeddings.patch_embeddings.projection", "patch_embed.proj"),
            ("embeddings.", ""),
            ("encoder.layer.", "blocks."),
            ("layernorm", "norm"),
            ("layer_scale1.lambda1", "ls1.gamma"),
            ("layer_scale2.lambda1", "ls2.gamma"),
            ("attention.o_proj", "attn.proj"),
        ]:
            theirs = theirs.replace(one, other)
        for part, third in [("q_proj", 0), ("k_proj", 1), ("v_proj", 2)]:
            if f"attention.{part}" in theirs:
                own[name] = state[theirs.replace(f"attention.{part}", "attn.qkv")].chunk(3)[third]
                break
        else:
            own[name] = state[theirs]
    model.load_state_dict(own)
    return model


def main():
    found = {}
    for index, (case, (grid, shape)) in enumerate(CASES.items()):
        state = weights(grid)
        images = uniform(1000 + index, int(np.prod(shape)) * 3).reshape(*shape, 3) * np.float32(2)
        images = torch.from_numpy(images).double().permute(0, 3, 1, 2)
        model = transformers_model(state, grid)
        with torch.no_grad():
            features = by_formula(state, images)
            found[f"{case}.other_ratio"] = model(images).last_hidden_state[:, 0]
            embeddings = model.embeddings
            embeddings.interpolate_pos_encoding = lambda _, height, width: resized(embeddings.position_embeddings, height, width)
            theirs = model(images).last_hidden_state[:, 0]
        assert (features - theirs).abs().max() < 1e-11, (features - theirs).abs().max()
        found[f"{case}.features"] = features
        print(case, features.std(), (features - found[f"{case}.other_ratio"]).abs().max())
    save_file({name: np.ascontiguousarray(x.float().numpy()) for name, x in found.items()}, Path(__file__).with_suffix(".safetensors"))


if __name__ == "__main__":
    main()
