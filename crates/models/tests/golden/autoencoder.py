"""Writes autoencoder.safetensors: a tiny autoencoder with random weights, and what diffusers computes with it.

Needs torch, diffusers and safetensors. The weights are numbers of half precision, and are stored so; everything else is single
precision, computed on the CPU.

    python crates/models/tests/golden/autoencoder.py
"""

from pathlib import Path

import torch
from diffusers import AutoencoderKL
from safetensors.torch import save_file

torch.manual_seed(7)
model = AutoencoderKL(
    block_out_channels=(8, 16, 32, 32),
    down_block_types=("DownEncoderBlock2D",) * 4,
    up_block_types=("UpDecoderBlock2D",) * 4,
    layers_per_block=2,
    latent_channels=4,
    norm_num_groups=4,
).eval()

with torch.no_grad():
    for name, parameter in model.named_parameters():
        if "norm" in name:
            # Neither scales of 1 nor shifts of 0, which would hide a mistake.
            torch.nn.init.normal_(parameter, 1.0 if name.endswith("weight") else 0.0, 0.3)
        elif ".to_q." in name or ".to_k." in name:
            # Attention that prefers some pixels over others.
            parameter.mul_(4)
        parameter.copy_(parameter.half().float())
    # Logarithms of the variance on both sides of both limits.
    model.quant_conv.weight[4:] *= 16
    model.quant_conv.bias[4:] = torch.tensor([-29.0, -1.0, 2.0, 19.0])

    tensors = {f"weights.{name}": parameter.half() for name, parameter in model.state_dict().items()}
    tensors["latents"] = torch.randn(2, 4, 5, 7)
    tensors["decoded"] = model.decode(tensors["latents"]).sample
    # Odd sides: 43 → 21 → 10 → 5 and 59 → 29 → 14 → 7.
    tensors["images"] = torch.rand(2, 3, 43, 59)
    moments = model.encode(tensors["images"]).latent_dist
    tensors["mean"] = moments.mean
    tensors["log_variance"] = moments.logvar

save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, Path(__file__).with_suffix(".safetensors"))
for name in ("decoded", "mean", "log_variance"):
    values = tensors[name]
    print(name, list(values.shape), f"{values.min():.3f} … {values.max():.3f}, deviation {values.std():.3f}")
