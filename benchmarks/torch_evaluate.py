"""Evaluation as Python programs do it: scipy's square root for the Fréchet distance, torchvision's Inception-v3 and transformers' DINOv2 for features.

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
import transformers
from safetensors.numpy import load_file, save_file

DIMENSIONS, IMAGES, BATCH = 2048, 5000, 8


def network():
    torch.manual_seed(0)
    made = torchvision.models.inception_v3(weights=None, aux_logits=False, init_weights=False, transform_input=False)
    made.fc = torch.nn.Linear(2048, 1008)
    return made.eval()


def dinov2():
    """ViT-L/14, in the names of published files, which newer versions of transformers call otherwise."""
    torch.manual_seed(0)
    config = transformers.Dinov2Config(hidden_size=1024, num_attention_heads=16, num_hidden_layers=24, image_size=518, patch_size=14)
    return transformers.Dinov2Model(config).eval()


def published(name):
    for theirs, ours in {"q_proj": "attention.query", "k_proj": "attention.key", "v_proj": "attention.value", "o_proj": "output.dense"}.items():
        name = name.replace(f"attention.{theirs}", f"attention.{ours}")
    return name


def prepare(folder):
    generator = numpy.random.default_rng(0)
    for name in ("one", "other"):
        features = generator.standard_normal((IMAGES, DIMENSIONS)) / numpy.sqrt(1 + numpy.arange(DIMENSIONS))
        entries = {"kind": "statistics", "images": str(IMAGES), "network": "random", "network-fingerprint": "0", "precision": "f32", "data": name, "data-fingerprint": "0"}
        tensors = {"mean": features.mean(0), "covariance": numpy.cov(features, rowvar=False)}
        tensors["covariance"] = (tensors["covariance"] + tensors["covariance"].T) / 2
        save_file(tensors, folder / f"{name}.safetensors", {f"foil.{key}": value for key, value in entries.items()})
    torch.save(network().state_dict(), folder / "inception.pth")
    torch.save({published(name): tensor for name, tensor in dinov2().state_dict().items()}, folder / "dinov2.pth")


def seconds(runs, work):
    def once():
        begin = time.perf_counter()
        work()
        return time.perf_counter() - begin

    return statistics.median(once() for _ in range(runs))


def frechet(one, other):
    root = scipy.linalg.sqrtm(one["covariance"] @ other["covariance"]).real
    return ((one["mean"] - other["mean"]) ** 2).sum() + numpy.trace(one["covariance"] + other["covariance"] - 2 * root)


def rate(made, images, runs=5, precision=torch.float32):
    half = torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == torch.bfloat16)
    with torch.inference_mode(), half:
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
    result = {
        "torch": torch.__version__,
        "scipy": scipy.__version__,
        "distance": frechet(*pair),
        "frechet_seconds": seconds(1, lambda: frechet(*pair)),
    }
    images = torch.rand(BATCH, 3, 299, 299) * 2 - 1
    made, last = network(), torch.channels_last
    result["inception"] = {"f32": rate(made, images)}
    made, images = made.to(memory_format=last), images.contiguous(memory_format=last)
    result["inception"]["f32, channels-last"] = rate(made, images)
    result["inception"]["bf16 autocast, channels-last"] = rate(made, images, precision=torch.bfloat16)
    made, images = dinov2(), torch.randn(BATCH, 3, 224, 224)
    result["dinov2"] = {"f32": rate(made, images, 2), "bf16 autocast": rate(made, images, 2, torch.bfloat16)}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
