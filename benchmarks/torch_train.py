"""Training steps of EDM2's network in PyTorch, written from the paper's equations: what Foil's training is compared with.

    python benchmarks/torch_train.py --model xxs --resolution 32 --channels 3 --labels 10 --batch 16 --variant bf16 --json

A step is the whole of it: noise levels and noise, the loss with its uncertainty head, gradients, Adam, forced weight normalisation
and two power-function averages. Images are random and lie in memory. Variants: `f32`, images channels-last; `f32-channels-first`, the
published program's order (small networks are faster with the first, edm2-xxs on one machine with the second: the faster one counts);
`bf16` is torch.autocast to bfloat16, channels-last, with weights in f32. Adam is the fused one, which is faster, unless `--adam plain`.
On a busy machine PyTorch's threads wait for each other at every operation: OMP_WAIT_POLICY=passive makes that cheaper.
"""

import argparse
import json
import resource
import statistics
import time

import torch

from torch_edm2 import WIDTHS, Layer, Network

P_MEAN, P_STD, SIGMA_DATA = -0.4, 1.0, 0.5
LEARNING_RATE, DECAY_BATCHES, RAMP_IMAGES = 0.01, 70_000, 10e6
# Of the relative standard deviations 0.050 and 0.100.
EMA_EXPONENTS = (16.972198602303447, 6.937203937601809)


class Trainer:
    def __init__(self, network, variant, fused):
        self.network, self.autocast, self.seen = network.train(), variant == "bf16", 0
        if variant != "f32-channels-first":
            network.memory_format = torch.channels_last
            network.to(memory_format=torch.channels_last)
        with torch.no_grad():
            for name, parameter in network.named_parameters():
                if name.endswith("_gain"):
                    parameter.zero_()
        self.layers = [module for module in network.modules() if isinstance(module, Layer)]
        self.parameters = list(network.parameters())
        self.averages = [[parameter.detach().clone() for parameter in self.parameters] for _ in EMA_EXPONENTS]
        self.adam = torch.optim.Adam(self.parameters, betas=(0.9, 0.99), eps=1e-8, fused=fused)

    def step(self, images, labels):
        """One iteration; returns its loss."""
        for layer in self.layers:
            layer.force_normalisation()
        self.adam.zero_grad()
        loss = self.loss(images, labels)
        loss.backward()
        for parameter in self.parameters:
            torch.nan_to_num(parameter.grad, nan=0.0, posinf=0.0, neginf=0.0, out=parameter.grad)
        self.adam.param_groups[0]["lr"] = self.learning_rate(len(images))
        self.adam.step()
        self.seen += len(images)
        self.average(len(images))
        return loss.item()

    def loss(self, images, labels):
        sigma = (P_MEAN + P_STD * torch.randn(len(images))).exp()
        weight = (sigma**2 + SIGMA_DATA**2) / (sigma * SIGMA_DATA) ** 2
        noisy = images + sigma[:, None, None, None] * torch.randn_like(images)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.autocast):
            denoised = self.network(noisy, sigma, labels)
            uncertainty = self.network.uncertainty(sigma)
        scale = (weight / uncertainty.exp())[:, None, None, None]
        loss = scale * (denoised - images) ** 2 + uncertainty[:, None, None, None]
        return loss.sum() / len(images)

    def learning_rate(self, batch):
        decay = max(self.seen / (DECAY_BATCHES * batch), 1) ** 0.5
        return LEARNING_RATE / decay * min(self.seen / RAMP_IMAGES, 1)

    @torch.no_grad()
    def average(self, batch):
        for average, exponent in zip(self.averages, EMA_EXPONENTS):
            beta = (1 - batch / self.seen) ** (exponent + 1)
            torch._foreach_lerp_(average, self.parameters, 1 - beta)


def numbers(text):
    return [int(number) for number in text.split(",") if number]


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", choices=sorted(WIDTHS), help="a published width; or --model-channels")
    parser.add_argument("--model-channels", type=int, default=64)
    parser.add_argument("--channel-multipliers", type=numbers, default=[1, 2, 3, 4])
    parser.add_argument("--blocks", type=int, default=3)
    parser.add_argument("--attention-resolutions", type=numbers, default=[16, 8], help="may be empty: ''")
    parser.add_argument("--head-channels", type=int, default=64)
    parser.add_argument("--resolution", type=int, default=32)
    parser.add_argument("--channels", type=int, default=3)
    parser.add_argument("--labels", type=int, default=10)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--variant", choices=["f32", "f32-channels-first", "bf16"], default="f32")
    parser.add_argument("--adam", choices=["fused", "plain"], default="fused")
    parser.add_argument("--iterations", type=int, default=5)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def main():
    arguments = parse()
    torch.manual_seed(0)
    torch.set_num_threads(arguments.threads)
    config = dict(
        resolution=arguments.resolution,
        channels=arguments.channels,
        labels=arguments.labels,
        width=WIDTHS.get(arguments.model, arguments.model_channels),
        multipliers=arguments.channel_multipliers,
        blocks=arguments.blocks,
        attention=arguments.attention_resolutions,
        head_channels=arguments.head_channels,
    )
    trainer = Trainer(Network(**config), arguments.variant, arguments.adam == "fused")
    batch, size = arguments.batch, arguments.resolution
    seconds, processor, losses = [], [], []
    for _ in range(arguments.warmup + arguments.iterations):
        images = SIGMA_DATA * torch.randn(batch, arguments.channels, size, size)
        labels = torch.eye(max(arguments.labels, 1))[torch.randint(max(arguments.labels, 1), [batch])]
        start, used = time.perf_counter(), time.process_time()
        losses.append(trainer.step(images, labels) / images[0].numel())
        seconds.append(time.perf_counter() - start)
        processor.append(time.process_time() - used)
    seconds, processor = seconds[arguments.warmup :], processor[arguments.warmup :]
    report = {
        **config,
        "variant": arguments.variant,
        "adam": arguments.adam,
        "batch": batch,
        "threads": arguments.threads,
        "torch": torch.__version__,
        "parameters": sum(parameter.numel() for parameter in trainer.parameters),
        "images_per_second": batch / statistics.median(seconds),
        "best_images_per_second": batch / min(seconds),
        "seconds": statistics.median(seconds),
        "all_seconds": seconds,
        "processor_seconds": statistics.median(processor),
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "loss_per_element": [losses[0], losses[-1]],
    }
    print(json.dumps(report) if arguments.json else report)


if __name__ == "__main__":
    main()
