"""Writes guidance.safetensors: what each shape and finish makes of given estimates, by its paper's formula in its paper's space.

Nothing is shared with the crate: singular vectors are numpy's, pyramids are torch's padding, convolution and interpolation, velocities are
formed and guided as such. Needs numpy, torch and safetensors.

    python crates/diffusion/tests/golden/guidance.py
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as functional
from safetensors.numpy import save_file

SIGMA = 1.7
WEIGHT = 4.0
SHAPES = {"odd": (2, 3, 5, 7), "point": (3, 2, 1, 1)}
TIMES = 3


def per_image(function):
    """Applies a function of vectors to each image of each evaluation."""

    def apply(*batches):
        images = zip(*(batch.reshape(batch.shape[0], -1) for batch in batches))
        return np.stack([function(*image) for image in images]).reshape(batches[0].shape)

    return apply


def cfg(strong, weak, weight=WEIGHT):
    return weak + weight * (strong - weak)


def apg(evaluations, eta, norm, momentum, dialect):
    running, results = 0, []
    for _, strong, weak in evaluations:
        running = (strong - weak) + momentum * running

        @per_image
        def guided(running, strong, weak):
            m = running
            if norm > 0:
                size = np.linalg.norm(m)
                if dialect == "sdcpp":
                    size *= 256 / np.sqrt(m.size)
                m = m * min(1, norm / size)
            unit = strong / np.linalg.norm(strong)
            parallel = (m @ unit) * unit
            m = (m - parallel) + eta * parallel
            if dialect == "diffusers":
                return weak + WEIGHT * m
            return strong + (WEIGHT if dialect == "comfy" else WEIGHT - 1) * m

        results.append(guided(running, strong, weak))
    return results


@per_image
def zero_star(x, strong, weak):
    # A straight path, x_t = (1 - t) x0 + t n, whose velocity is n - x0.
    t = SIGMA / (1 + SIGMA)
    x_t = (1 - t) * x
    velocity = lambda clean: (x_t - (1 - t) * clean) / t - clean
    v_c, v_u = velocity(strong), velocity(weak)
    s = (v_c @ v_u) / (v_u @ v_u)
    v = s * v_u + WEIGHT * (v_c - s * v_u)
    return x_t - t * v


def tangential(strong, weak):
    rows = np.stack([strong, weak])
    _, _, directions = np.linalg.svd(rows, full_matrices=False)
    weak = (weak @ directions[0]) * directions[0]
    return cfg(strong, weak)


@per_image
def tcfg_image(_, strong, weak):
    return tangential(strong, weak)


@per_image
def tcfg_noise(x, strong, weak):
    return x - SIGMA * tangential((x - strong) / SIGMA, (x - weak) / SIGMA)


def reflected(x):
    """Two more pixels on each side, mirrored; a side of 1 repeats itself."""
    for dimension, pad in ((3, (2, 2, 0, 0)), (2, (0, 0, 2, 2))):
        side = x.shape[dimension]
        if side == 1:
            repeats = [1, 1, 1, 1]
            repeats[dimension] = 5
            x = x.repeat(*repeats)
        elif side == 2:
            x = torch.index_select(x, dimension, torch.tensor([0, 1, 0, 1, 0, 1]))
        else:
            x = functional.pad(x, pad, mode="reflect")
    return x


def blur(x):
    row = torch.tensor([1.0, 4, 6, 4, 1], dtype=x.dtype) / 16
    kernel = torch.outer(row, row).expand(x.shape[1], 1, 5, 5)
    return functional.conv2d(reflected(x), kernel, groups=x.shape[1])


def resize(x, size):
    return functional.interpolate(x, size=size, mode="bilinear", align_corners=False)


def pyramid(x, levels):
    gaussian = [x]
    for _ in range(levels - 1):
        last = gaussian[-1]
        gaussian.append(resize(blur(last), [max(side // 2, 1) for side in last.shape[2:]]))
    fine = [a - blur(resize(b, a.shape[2:])) for a, b in zip(gaussian, gaussian[1:])]
    return fine + [gaussian[-1]]


def fdg(_, strong, weak, weights):
    levels = [pyramid(torch.from_numpy(x), len(weights)) for x in (strong, weak)]
    guided = [b + weight * (a - b) for weight, a, b in zip(weights, *levels)]
    result = guided[-1]
    for level in reversed(guided[:-1]):
        result = level + blur(resize(result, level.shape[2:]))
    return result.numpy()


@per_image
def mambo(_, strong, weak):
    ratio = np.linalg.norm(strong - weak) / np.linalg.norm(weak)
    return cfg(strong, weak, 1 + (WEIGHT - 1) * np.exp(-8 * ratio))


@per_image
def rescale(_, strong, weak):
    guided = cfg(strong, weak)
    return 0.7 * guided * (np.std(strong) / np.std(guided)) + 0.3 * guided


@per_image
def threshold(_, strong, weak):
    return np.clip(cfg(strong, weak), -1.5, 1.5)


def dynamic(percentile, low, high):
    @per_image
    def apply(_, strong, weak):
        guided = cfg(strong, weak)
        s = min(max(np.quantile(np.abs(guided), percentile), low), high)
        return np.clip(guided, -s, s) / s

    return apply


METHODS = {
    "cfg": lambda _, strong, weak: cfg(strong, weak),
    "zero-star": zero_star,
    "tcfg-image": tcfg_image,
    "tcfg-noise": tcfg_noise,
    "fdg-2": lambda *all: fdg(*all, [WEIGHT, 1 + 0.25 * (WEIGHT - 1)]),
    "fdg-3": lambda *all: fdg(*all, [1 + share * (WEIGHT - 1) for share in (1.5, 0.875, 0.25)]),
    "mambo": mambo,
    "rescale": rescale,
    "threshold": threshold,
    "dynamic": dynamic(0.9, 1, np.inf),
    "dynamic-cap": dynamic(0.9, 1, 1.5),
}


def multistep_plus_plus():
    """DPM-Solver++(2M) with CFG++ as k-diffusion's descendants write it, on two Gaussians: their estimates are linear in x."""
    estimate = lambda x, sigma, mean, variance: (variance * x + sigma**2 * mean) / (variance + sigma**2)
    levels = [10.0, 6.0, 2.5, 1.0, 0.3, 0.0]
    x = np.array([12.0, -7.0, 1.5]).reshape(3, 1, 1, 1)
    start, previous, states = x, None, []
    for index, (sigma, lower) in enumerate(zip(levels, levels[1:])):
        conditional, unconditional = estimate(x, sigma, 0.8, 0.09), estimate(x, sigma, 0.1, 1.44)
        guided = unconditional + 0.6 * (conditional - unconditional)
        if previous is None or lower == 0:
            mix = -lower / sigma * unconditional
        else:
            h = np.log(sigma / lower)
            r = np.log(levels[index - 1] / sigma) / h
            mix = -np.exp(-h) * unconditional - np.expm1(-h) / (2 * r) * (guided - previous)
        x = guided + mix + (lower / sigma) * x
        previous = unconditional
        states.append(x)
    return {"plus-plus.start": start, "plus-plus.states": np.stack(states), "plus-plus.levels": np.array(levels)}


def main():
    random = np.random.default_rng(5)
    tensors = multistep_plus_plus()
    for name, shape in SHAPES.items():
        strong = random.normal(size=(TIMES, *shape))
        weak = 0.6 * strong + 0.5 * random.normal(size=strong.shape) + 0.1
        x = strong + SIGMA * random.normal(size=strong.shape)
        evaluations = list(zip(x, strong, weak))
        tensors |= {f"{name}.x": x, f"{name}.strong": strong, f"{name}.weak": weak}
        for method, formula in METHODS.items():
            tensors[f"{name}.{method}"] = np.stack([formula(*each) for each in evaluations])
        for dialect in ("paper", "diffusers", "comfy", "sdcpp"):
            guided = apg(evaluations, 0.25, 2.5, -0.75, dialect)
            tensors[f"{name}.apg-{dialect}"] = np.stack(guided)
    path = Path(__file__).with_suffix(".safetensors")
    save_file({key: np.ascontiguousarray(value, dtype=np.float64) for key, value in tensors.items()}, path)


if __name__ == "__main__":
    main()
