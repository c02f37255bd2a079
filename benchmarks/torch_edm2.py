"""EDM2's network in PyTorch, written from the paper's equations: what `foil bench net` is compared with.

    python benchmarks/torch_edm2.py --model edm2-img512-s --batch 1 --variant f32 --json

Variants: `f32` normalises every weight at every evaluation, images channels-first, as the published program runs on a CPU;
`bf16` keeps activations in bfloat16 and channels-last; `bf16-folded` also folds the weights beforehand, which the published
program does not; `compile` is torch.compile of `bf16`. Weights are random; `--save FILE` writes them for Foil, and `--check FILE`
writes an input with this program's result. `torch_train.py` trains the same network.
"""

import argparse
import json
import resource
import statistics
import time

import numpy
import torch
import torch.nn.functional as functional

WIDTHS = {"xxs": 64, "xs": 128, "s": 192, "m": 256, "l": 320, "xl": 384, "xxl": 448}


def normalise(x, dim):
    norm = torch.linalg.vector_norm(x, dim=dim, keepdim=True, dtype=torch.float32)
    norm = 1e-4 + norm * (norm.numel() / x.numel()) ** 0.5
    return x / norm.to(x.dtype)


def mp_silu(x):
    return functional.silu(x) / 0.596


def mp_sum(a, b, t):
    return a.lerp(b, t) / ((1 - t) ** 2 + t**2) ** 0.5


def mp_cat(a, b, t=0.5):
    scale = ((a.shape[1] + b.shape[1]) / ((1 - t) ** 2 + t**2)) ** 0.5
    return torch.cat([a * (scale * (1 - t) / a.shape[1] ** 0.5), b * (scale * t / b.shape[1] ** 0.5)], dim=1)


class Layer(torch.nn.Module):
    """A linear layer or convolution without bias, whose weight is normalised row by row at each use."""

    def __init__(self, inputs, outputs, kernel=()):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(outputs, inputs, *kernel))
        self.folded = None

    def effective(self, gain, dtype):
        weight = self.weight.float()
        fan_in = weight[0].numel()
        return (normalise(weight, list(range(1, weight.ndim))) * (gain / fan_in**0.5)).to(dtype)

    def fold(self, gain, dtype):
        weight = self.effective(gain, dtype)
        self.folded = weight.to(memory_format=torch.channels_last) if weight.ndim == 4 else weight
        self.weight = None

    @torch.no_grad()
    def force_normalisation(self):
        """In training the stored weight is overwritten with its normalised self before each use."""
        self.weight.copy_(normalise(self.weight, list(range(1, self.weight.ndim))))

    def forward(self, x, gain=1.0):
        weight = self.effective(gain, x.dtype) if self.folded is None else self.folded
        if weight.ndim == 2:
            return x @ weight.t()
        return functional.conv2d(x, weight, padding=weight.shape[-1] // 2)


class Fourier(torch.nn.Module):
    def __init__(self, features):
        super().__init__()
        self.register_buffer("freqs", 2 * torch.pi * torch.randn(features))
        self.register_buffer("phases", 2 * torch.pi * torch.rand(features))

    def forward(self, x):
        return torch.cos(x.float()[:, None] * self.freqs + self.phases) * 2**0.5


class Block(torch.nn.Module):
    def __init__(self, inputs, outputs, embedding, encoder, resample="keep", attention=0):
        super().__init__()
        self.encoder, self.resample, self.head_channels = encoder, resample, attention
        self.emb_gain = torch.nn.Parameter(torch.tensor(0.5))
        self.conv_res0 = Layer(outputs if encoder else inputs, outputs, (3, 3))
        self.emb_linear = Layer(embedding, outputs)
        self.conv_res1 = Layer(outputs, outputs, (3, 3))
        self.conv_skip = Layer(inputs, outputs, (1, 1)) if inputs != outputs else None
        self.attn_qkv = Layer(outputs, 3 * outputs, (1, 1)) if attention else None
        self.attn_proj = Layer(outputs, outputs, (1, 1)) if attention else None

    def fold(self, dtype):
        self.emb_linear.fold(self.emb_gain.detach(), torch.float32)
        for layer in (self.conv_res0, self.conv_res1, self.conv_skip, self.attn_qkv, self.attn_proj):
            if layer is not None:
                layer.fold(1.0, dtype)

    def forward(self, x, embedding):
        if self.resample == "down":
            x = functional.avg_pool2d(x, 2)
        elif self.resample == "up":
            x = functional.interpolate(x, scale_factor=2, mode="nearest")
        if self.encoder:
            x = self.conv_skip(x) if self.conv_skip is not None else x
            x = normalise(x, 1)
        y = self.conv_res0(mp_silu(x))
        gain = self.emb_gain if self.emb_linear.folded is None else 1.0
        c = self.emb_linear(embedding, gain) + 1
        y = self.conv_res1(mp_silu(y * c[:, :, None, None].to(y.dtype)))
        if not self.encoder and self.conv_skip is not None:
            x = self.conv_skip(x)
        x = mp_sum(x, y, 0.3)
        if self.head_channels:
            x = mp_sum(x, self.attend(x), 0.3)
        return x.clamp(-256, 256)

    def attend(self, x):
        batch, channels, height, width = x.shape
        qkv = self.attn_qkv(x).reshape(batch, -1, self.head_channels, 3, height * width)
        q, k, v = (part.transpose(2, 3) for part in normalise(qkv, 2).unbind(3))
        y = functional.scaled_dot_product_attention(q, k, v)
        return self.attn_proj(y.transpose(2, 3).reshape(x.shape))


class Network(torch.nn.Module):
    def __init__(self, resolution, channels, labels, width, multipliers=(1, 2, 3, 4), blocks=3, attention=(16, 8), head_channels=64):
        super().__init__()
        widths = [width * multiplier for multiplier in multipliers]
        embedding = max(widths)
        self.labels, self.dtype, self.memory_format = labels, torch.float32, torch.contiguous_format

        def attends(size):
            return head_channels if size in attention else 0

        unet = torch.nn.Module()
        unet.out_gain = torch.nn.Parameter(torch.tensor(0.5))
        unet.emb_fourier = Fourier(widths[0])
        unet.emb_noise = Layer(widths[0], embedding)
        unet.emb_label = Layer(labels, embedding) if labels else None
        unet.enc, unet.dec = torch.nn.ModuleDict(), torch.nn.ModuleDict()
        unet.enc[f"{resolution}x{resolution}_conv"] = Layer(channels + 1, widths[0], (3, 3))
        skips, last = [widths[0]], widths[0]
        for level, outputs in enumerate(widths):
            size = resolution >> level
            if level:
                unet.enc[f"{size}x{size}_down"] = Block(last, last, embedding, True, "down")
                skips.append(last)
            for index in range(blocks):
                unet.enc[f"{size}x{size}_block{index}"] = Block(last, outputs, embedding, True, attention=attends(size))
                last = outputs
                skips.append(last)
        self.takes_skip = []
        for level, outputs in reversed(list(enumerate(widths))):
            size = resolution >> level
            if level == len(widths) - 1:
                unet.dec[f"{size}x{size}_in0"] = Block(last, last, embedding, False, attention=head_channels)
                unet.dec[f"{size}x{size}_in1"] = Block(last, last, embedding, False)
                self.takes_skip += [False, False]
            else:
                unet.dec[f"{size}x{size}_up"] = Block(last, last, embedding, False, "up")
                self.takes_skip.append(False)
            for index in range(blocks + 1):
                name = f"{size}x{size}_block{index}"
                unet.dec[name] = Block(last + skips.pop(), outputs, embedding, False, attention=attends(size))
                self.takes_skip.append(True)
                last = outputs
        unet.out_conv = Layer(last, channels, (3, 3))
        self.unet = unet
        self.logvar_fourier, self.logvar_linear = Fourier(128), Layer(128, 1)

    def fold(self, dtype):
        unet = self.unet
        for layer in (unet.emb_noise, unet.emb_label):
            if layer is not None:
                layer.fold(1.0, torch.float32)
        for entry in (*unet.enc.values(), *unet.dec.values()):
            entry.fold(dtype) if isinstance(entry, Block) else entry.fold(1.0, dtype)
        unet.out_conv.fold(unet.out_gain.detach(), dtype)

    def uncertainty(self, sigma):
        """The logarithm of the loss that training expects at each noise level."""
        return self.logvar_linear(self.logvar_fourier(sigma.log() / 4)).float().flatten()

    def forward(self, x, sigma, labels):
        data, unet = 0.5, self.unet
        sigma = sigma.reshape(-1, 1, 1, 1)
        total = sigma**2 + data**2
        noise = sigma.flatten().log() / 4
        embedding = unet.emb_noise(unet.emb_fourier(noise))
        if unet.emb_label is not None:
            embedding = mp_sum(embedding, unet.emb_label(labels * self.labels**0.5), 0.5)
        embedding = mp_silu(embedding)
        y = (x / total.sqrt()).to(self.dtype)
        y = torch.cat([y, torch.ones_like(y[:, :1])], dim=1)
        y = y.to(memory_format=self.memory_format)
        skips = []
        for entry in unet.enc.values():
            y = entry(y, embedding) if isinstance(entry, Block) else entry(y)
            skips.append(y)
        for entry, takes_skip in zip(unet.dec.values(), self.takes_skip):
            y = entry(mp_cat(y, skips.pop()) if takes_skip else y, embedding)
        gain = unet.out_gain if unet.out_conv.folded is None else 1.0
        y = unet.out_conv(y, gain).float()
        return data**2 / total * x + sigma * data / total.sqrt() * y


def of_name(name):
    kind, size = name.removeprefix("edm2-").removesuffix("-uncond").split("-")
    labels = 0 if name.endswith("-uncond") else 1000
    channels = {"img512": 4, "img64": 3}[kind]
    return dict(resolution=64, channels=channels, labels=labels, width=WIDTHS[size])


def save(network, config, path):
    from safetensors.torch import save_file

    described = {"resolution": config["resolution"], "channels": config["channels"], "labels": config["labels"], "model-channels": config["width"]}
    metadata = {"format": "foil", "version": "1", "kind": "edm2", "config": json.dumps(described), "encoder": json.dumps("rgb")}
    tensors = {name: tensor.half().contiguous() for name, tensor in network.state_dict().items()}
    save_file(tensors, path, metadata=metadata)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default="edm2-img512-s")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--variant", choices=["f32", "bf16", "bf16-folded", "compile"], default="f32")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--save")
    parser.add_argument("--check")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(arguments.threads)
    config = of_name(arguments.model)
    started = time.perf_counter()
    network = Network(**config).eval().requires_grad_(False)
    # The published files hold half precision.
    network.load_state_dict({name: tensor.half().float() for name, tensor in network.state_dict().items()})
    if arguments.save:
        save(network, config, arguments.save)
    if arguments.variant != "f32":
        network.dtype = torch.bfloat16
        network.memory_format = torch.channels_last
        network = network.to(memory_format=torch.channels_last)
    if arguments.variant == "bf16-folded":
        network.fold(torch.bfloat16)
    run = torch.compile(network) if arguments.variant == "compile" else network
    size, batch = config["resolution"], arguments.batch
    x = torch.randn(batch, config["channels"], size, size)
    sigma = torch.full([batch], 1.5)
    labels = torch.eye(max(config["labels"], 1))[torch.arange(batch) * 7 % max(config["labels"], 1)]
    with torch.inference_mode():
        result = run(x, sigma, labels)
        ready = time.perf_counter() - started
        if arguments.check:
            from safetensors.numpy import save_file

            parts = {"x": x, "sigma": sigma, "labels": labels, "denoised": result}
            save_file({name: numpy.ascontiguousarray(part.float().numpy()) for name, part in parts.items()}, arguments.check)
        seconds = []
        for _ in range(arguments.runs):
            start = time.perf_counter()
            run(x, sigma, labels)
            seconds.append(time.perf_counter() - start)
    report = {
        "model": arguments.model,
        "variant": arguments.variant,
        "batch": batch,
        "threads": arguments.threads,
        "torch": torch.__version__,
        "seconds": statistics.median(seconds),
        "all_seconds": seconds,
        "start_seconds": ready,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    print(json.dumps(report) if arguments.json else report)


if __name__ == "__main__":
    main()
