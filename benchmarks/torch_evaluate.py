"""Evaluation as Python programs do it: scipy's square root for the Fréchet distance, torchvision's Inception-v3 in f32 for features.

    python benchmarks/torch_evaluate.py --folder DIR --prepare    # statistics and random weights, for both programs
    python benchmarks/torch_evaluate.py --folder DIR              # one JSON object

The network is torchvision's with 1008 classes. That of FID differs from it in its pools, which cost next to nothing. Images are enlarged before the
clock starts here, and after it in Foil.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import numpy
import scipy.linalg
import torch
import torchvision
from safetensors.numpy import load_file, save_file

DIMENSIONS, IMAGES, BATCH = 2048, 5000, 8


def network():
    torch.manual_seed(0)
    made = torchvision.models.inception_v3(weights=None, aux_logits=False, init_weights=False, transform_input=False)
    made.fc = torch.nn.Linear(2048, 1008)
    return made.eval()


def prepare(folder):
    generator = numpy.random.default_rng(0)
    for name in ("one", "other"):
        features = generator.standard_normal((IMAGES, DIMENSIONS)) / numpy.sqrt(1 + numpy.arange(DIMENSIONS))
        entries = {"kind": "statistics", "images": str(IMAGES), "network": "random", "network-fingerprint": "0", "precision": "f32", "data": name, "data-fingerprint": "0"}
        tensors = {"mean": features.mean(0), "covariance": numpy.cov(features, rowvar=False)}
        tensors["covariance"] = (tensors["covariance"] + tensors["covariance"].T) / 2
        save_file(tensors, folder / f"{name}.safetensors", {f"foil.{key}": value for key, value in entries.items()})
    torch.save(network().state_dict(), folder / "inception.pth")


def seconds(runs, work):
    def once():
        begin = time.perf_counter()
        work()
        return time.perf_counter() - begin

    return statistics.median(once() for _ in range(runs))


def frechet(one, other):
    root = scipy.linalg.sqrtm(one["covariance"] @ other["covariance"]).real
    return ((one["mean"] - other["mean"]) ** 2).sum() + numpy.trace(one["covariance"] + other["covariance"] - 2 * root)


def rate(made, images, runs=5):
    with torch.inference_mode():
        made(images)
        return BATCH / seconds(runs, lambda: made(images))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--prepare", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    if arguments.prepare:
        return prepare(arguments.folder)
    torch.set_num_threads(arguments.threads)
    pair = [load_file(arguments.folder / f"{name}.safetensors") for name in ("one", "other")]
    images = torch.rand(BATCH, 3, 299, 299) * 2 - 1
    made, last = network(), torch.channels_last
    result = {
        "torch": torch.__version__,
        "scipy": scipy.__version__,
        "distance": frechet(*pair),
        "frechet_seconds": seconds(1, lambda: frechet(*pair)),
        "images_per_second": rate(made, images),
        "channels_last_images_per_second": rate(made.to(memory_format=last), images.contiguous(memory_format=last)),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
