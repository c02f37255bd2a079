"""The two-dimensional toy example of autoguidance, in PyTorch.

It trains and samples the small density model of "Guiding a Diffusion Model with a Bad Version of
Itself" (Karras et al. 2024), so that Foil's own toy can be compared with PyTorch on the same work:
speed, loss curve and the ground-truth mixture. This is our own program, written from Foil's
specification of the example; it is not a port of the authors' code.

Two variants do the same arithmetic. `reference` is the direct way: the target score by autograd
through the mixture's log density. `lean` is what a careful PyTorch user would write: the target
score in closed form, in slices that stay in the processor's cache, and the fused Adam. With
`--compile`, torch.compile fuses the closed form into one kernel as well (needs a C++ compiler).

    python torch_toy.py --check                         # the mixture against known values
    python torch_toy.py --bench 10 [--lean [--compile]] # training iterations a second
    python torch_toy.py --bench-sampling                # seconds for 65,536 guided samples
    python torch_toy.py --train-check 200               # mean loss of the last 50 iterations
"""

import argparse
import copy
import json
import math
import statistics
import sys
import time

import numpy as np
import torch

DATA_STD = 0.5
BATCH = 4096
LOOKUP_SIZE = 65536
EMA_EXPONENT = 96.99489782370986  # relative standard deviation 0.010
PARAMETER_COUNT = {64: 16_641, 32: 4_225}

# Foil specification golden values (float32): for class A and for both classes, components 0 and 8 or
# the last one, then the noise level and, at the points (0.3, 0.3) and (0, 0), log density and score.
GOLDEN_POINTS = [[0.3, 0.3], [0.0, 0.0]]
GOLDEN = {
    "A": {
        "weights": [0.0321495346724987, 0.008035357110202312],
        "last_mean": [0.48176389932632446, -0.5965597629547119],
        "last_covariance": [[2.7661308195092715e-5, 1.5283354514394887e-5],
                            [1.5283354514394887e-5, 4.103063838556409e-5]],
        "scores": [
            [0.03, 1.642490267753601, -12.207608222961426, -7.1299309730529785,
             -0.19899313151836395, 14.619551658630371, 49.7752799987793],
            [0.5, -0.8142809867858887, 0.05582156032323837, 0.09085550159215927,
             -1.1410218477249146, 0.9891020655632019, 1.070144772529602]],
    },
    "AB": {
        "weights": [0.015335684642195702, 0.003832954214885831],
        "last_mean": [-0.49325478076934814, 0.5585266947746277],
        "last_covariance": [[2.341970321140252e-5, 5.531549959414406e-6],
                            [5.531549959414406e-6, 2.3788401449564844e-5]],
        "scores": [
            [0.03, 0.9022746682167053, -12.207609176635742, -7.1299309730529785,
             1.0083779096603394, -18.478551864624023, 15.709168434143066],
            [0.5, -1.2627105712890625, -0.4587237238883972, -0.40422990918159485,
             -1.1389816999435425, -0.03354671224951744, 0.046179357916116714]],
    },
}


# ---- ground truth -------------------------------------------------------------------------------

def tree_components(random, depth, position, angle):
    """Yield (weight, mean, covariance) of the eight Gaussians of a branch, then of its children."""
    if depth == 7:
        return
    scale = np.array([1.3136, 1.3844])
    direction = np.array([math.cos(angle), math.sin(angle)])
    length = 0.292 * 0.8**depth * (1 + 0.2 * random.randn())
    thickness = 0.2 * 0.8**depth / length
    size = scale * length * 0.06
    along = np.outer(direction, direction)
    covariance = (along + (np.eye(2) - along) * thickness**2) * np.outer(size, size)
    for fraction in np.linspace(0.07, 0.93, 8):
        yield length * 0.5**depth, (position + direction * length * fraction) * scale, covariance
    for sign in (1, -1):
        child_angle = angle + sign * 0.7**depth * (1 + 0.2 * random.randn())
        yield from tree_components(random, depth + 1, position + direction * length, child_angle)


class Mixture:
    """The Gaussian mixture of class "A", "B" or "AB", seen through noise of standard deviation sigma."""

    def __init__(self, classes):
        random = np.random.RandomState(2)
        origin = np.array([0.0030, 0.0325])
        trees = {name: list(tree_components(random, 0, origin, angle))
                 for name, angle in (("A", math.pi / 4), ("B", 5 * math.pi / 4))}
        weights, means, covariances = map(np.array, zip(*[part for name in classes for part in trees[name]]))
        weights /= weights.sum()
        self.weights = torch.from_numpy(weights).float()                 # [K]
        self.means = torch.from_numpy(means).float()                     # [K, 2]
        self.covariances = torch.from_numpy(covariances).float()         # [K, 2, 2]
        self.variances, self.axes = torch.linalg.eigh(self.covariances)  # [K, 2], axes in columns
        ends = np.round(np.cumsum(weights) * LOOKUP_SIZE)
        self.lookup = torch.from_numpy(np.searchsorted(ends, np.arange(LOOKUP_SIZE), side="right"))

    def sample(self, sigma, generator=None):
        """One noisy sample for each entry of sigma: [B] -> [B, 2]."""
        component = self.lookup[torch.randint(LOOKUP_SIZE, sigma.shape, generator=generator)]
        noise = torch.randn(len(sigma), 2, generator=generator)
        axes = self.axes[component]
        deviation = (self.variances[component] + sigma[:, None] ** 2).sqrt()
        projected = torch.einsum("bij,bi->bj", axes, noise) * deviation
        return self.means[component] + torch.einsum("bij,bj->bi", axes, projected)

    def log_density(self, x, sigma):
        """The direct way: every sample against every component, as [B, K, 2] tensors."""
        variances = self.variances + sigma[:, None, None] ** 2
        projected = torch.einsum("kij,bki->bkj", self.axes, x[:, None] - self.means)
        exponent = -0.5 * (projected**2 / variances).sum(2)
        normaliser = 2 * math.pi * variances.prod(2).sqrt()
        return (self.weights * exponent.exp() / normaliser).sum(1).log()

    def score_by_autograd(self, x, sigma):
        x = x.detach().requires_grad_()
        return torch.autograd.grad(self.log_density(x, sigma).sum(), x)[0]

    def score(self, x, sigma, rows=64):
        """The same score in closed form, a slice of the batch at a time."""
        slices = zip(x.split(rows), sigma.split(rows))
        return torch.cat([self.score_of_slice(*part) for part in slices])

    @torch.no_grad()
    def score_of_slice(self, x, sigma):
        """Sum of precision (mean - x), weighted by the softmax of the components' log densities."""
        noise_variance = sigma[:, None] ** 2
        xx = self.covariances[:, 0, 0] + noise_variance
        yy = self.covariances[:, 1, 1] + noise_variance
        xy = self.covariances[:, 0, 1]
        determinant = xx * yy - xy**2
        dx, dy = self.means[:, 0] - x[:, :1], self.means[:, 1] - x[:, 1:]
        pull_x = (yy * dx - xy * dy) / determinant
        pull_y = (xx * dy - xy * dx) / determinant
        energy = torch.log(self.weights**2 / determinant) - dx * pull_x - dy * pull_y
        responsibility = torch.softmax(0.5 * energy, dim=1)
        return torch.stack([(responsibility * pull_x).sum(1), (responsibility * pull_y).sum(1)], dim=1)


# ---- model --------------------------------------------------------------------------------------

def normalize(weight):
    """Divide each row by its root mean square, to which 1e-4 is added."""
    return weight / (1e-4 + weight.norm(dim=1, keepdim=True) / math.sqrt(weight.shape[1]))


class MagnitudePreservingLinear(torch.nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(outputs, inputs))

    def forward(self, x):
        if self.training:  # forced weight normalisation
            with torch.no_grad():
                self.weight.copy_(normalize(self.weight))
        return x @ (normalize(self.weight) / math.sqrt(self.weight.shape[1])).T


class DensityModel(torch.nn.Module):
    """An unnormalised log density, whose gradient with respect to x is the score."""

    def __init__(self, width, hidden_layers=4):
        super().__init__()
        self.input = MagnitudePreservingLinear(4, width)
        self.hidden = torch.nn.ModuleList(MagnitudePreservingLinear(width, width) for _ in range(hidden_layers))
        self.gain = torch.nn.Parameter(torch.zeros(()))
        assert sum(parameter.numel() for parameter in self.parameters()) == PARAMETER_COUNT[width]

    def forward(self, x, sigma):
        scaled = x / (DATA_STD**2 + sigma[:, None] ** 2).sqrt()
        features = torch.cat([scaled, sigma.log()[:, None] / 4, torch.ones_like(sigma)[:, None]], dim=1)
        y = self.input(features)
        for layer in self.hidden:
            y = layer(torch.nn.functional.silu(y) / 0.596)
        return self.gain * (y**2).mean(1) / sigma - 0.5 * (scaled**2).sum(1)

    def score(self, x, sigma, create_graph=False):
        x = x.detach().requires_grad_()
        return torch.autograd.grad(self(x, sigma).sum(), x, create_graph=create_graph)[0]


# ---- training and sampling ----------------------------------------------------------------------

class Trainer:
    """The main model of the example (class A, width 64), its optimiser and its moving average."""

    def __init__(self, variant):
        torch.manual_seed(0)
        self.mixture = Mixture("A")
        self.model = DensityModel(64)
        self.average = copy.deepcopy(self.model).eval().requires_grad_(False)
        fused = None if variant == "reference" else True
        self.optimizer = torch.optim.Adam(self.model.parameters(), betas=(0.9, 0.99), fused=fused)
        self.target_score = self.mixture.score_by_autograd if variant == "reference" else self.mixture.score
        if variant == "lean-compiled":
            self.target_score = torch.compile(self.mixture.score_of_slice)  # one kernel needs no slices
        self.iteration = 0

    def step(self):
        """One iteration; returns its loss as a tensor."""
        for group in self.optimizer.param_groups:
            group["lr"] = 0.01 / math.sqrt(max(self.iteration / 512, 1))
        sigma = torch.exp(-2.3 + 1.5 * torch.randn(BATCH))
        x = self.mixture.sample(sigma)
        difference = self.target_score(x, sigma) - self.model.score(x, sigma, create_graph=True)
        loss = (sigma**2 * (difference**2).mean(1)).mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.iteration += 1
        self.update_average()
        return loss.detach()

    @torch.no_grad()
    def update_average(self):
        beta = (1 - 1 / self.iteration) ** (EMA_EXPONENT + 1)
        for average, parameter in zip(self.average.parameters(), self.model.parameters()):
            average.lerp_(parameter, 1 - beta)


def noise_levels(steps=32, sigma_min=0.002, sigma_max=5.0, rho=7):
    ramp = np.linspace(sigma_max ** (1 / rho), sigma_min ** (1 / rho), steps) ** rho
    return [*ramp.tolist(), 0.0]


def sample_guided(strong, weak, weight, x, levels):
    """EDM's deterministic Heun sampler; the direction is -sigma times the guided score."""

    def direction(x, level):
        sigma = torch.full((len(x),), level)
        return -level * torch.lerp(weak.score(x, sigma), strong.score(x, sigma), weight)

    for level, next_level in zip(levels[:-1], levels[1:]):
        first = direction(x, level)
        euler = x + (next_level - level) * first
        if next_level > 0:
            x = x + (next_level - level) * 0.5 * (first + direction(euler, next_level))
        else:
            x = euler
    return x


# ---- commands -----------------------------------------------------------------------------------

def check():
    """Compare the mixtures with the golden values; returns whether all of them agree."""
    largest = {}  # name of the quantity -> largest relative error

    def compare(name, value, expected):
        expected = torch.tensor(expected)
        error = ((value - expected) / expected).abs().max().item()
        largest[name] = max(error, largest.get(name, 0.0))

    points = torch.tensor(GOLDEN_POINTS)
    for classes, golden in GOLDEN.items():
        mixture = Mixture(classes)
        assert len(mixture.weights) == 1016 * len(classes)
        compare("weights", mixture.weights[[0, 8]], golden["weights"])
        compare("mean", mixture.means[-1], golden["last_mean"])
        compare("covariance", mixture.covariances[-1], golden["last_covariance"])
        for level, *values in golden["scores"]:
            sigma = torch.full((len(points),), level)
            compare("log density", mixture.log_density(points, sigma), values[0::3])
            expected = [values[1:3], values[4:6]]
            compare("score by autograd", mixture.score_by_autograd(points, sigma), expected)
            compare("score in closed form", mixture.score(points, sigma), expected)
    passed = all(error < 1e-4 for error in largest.values())
    print(json.dumps({"check": "passed" if passed else "failed", "largest_relative_error": largest}))
    return passed


def report(**fields):
    print(json.dumps({**fields, "threads": torch.get_num_threads(), "torch": torch.__version__}))


def seconds_of(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def bench_training(iterations, variant):
    trainer = Trainer(variant)
    median = statistics.median([seconds_of(trainer.step) for _ in range(3 + iterations)][3:])
    report(variant=variant, iterations_per_second=1 / median, median_seconds=median)


def bench_sampling(samples, chunk):
    torch.manual_seed(0)
    strong, weak = (DensityModel(width).eval().requires_grad_(False) for width in (64, 32))
    for model in (strong, weak):
        model.gain.fill_(1.0)  # untrained: the time does not depend on the weights
    levels = noise_levels()
    start = Mixture("A").sample(torch.full((samples,), levels[0]), torch.Generator().manual_seed(1))

    def run():
        return torch.cat([sample_guided(strong, weak, 3.0, part, levels) for part in start.split(chunk)])

    sample_guided(strong, weak, 3.0, start[:chunk], levels[-3:])  # warm-up
    report(variant="sampling", samples=samples, seconds=seconds_of(run))


def train_check(iterations):
    trainer = Trainer("lean")
    losses = [trainer.step().item() for _ in range(iterations)]
    report(variant="lean", iterations=iterations, mean_loss_of_last_50=statistics.mean(losses[-50:]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--lean", action="store_true", help="with --bench: the optimised variant")
    parser.add_argument("--compile", action="store_true", help="with --lean: torch.compile the target score")
    parser.add_argument("--samples", type=int, default=65_536, help="with --bench-sampling")
    parser.add_argument("--chunk", type=int, default=16_384, help="with --bench-sampling: samples at a time")
    command = parser.add_mutually_exclusive_group(required=True)
    command.add_argument("--check", action="store_true")
    command.add_argument("--bench", type=int, nargs="?", const=10, metavar="N")
    command.add_argument("--bench-sampling", action="store_true")
    command.add_argument("--train-check", type=int, metavar="ITER")
    arguments = parser.parse_args()
    if arguments.compile and not arguments.lean:
        parser.error("--compile needs --lean")
    torch.set_num_threads(arguments.threads)
    if arguments.check:
        sys.exit(0 if check() else 1)
    elif arguments.bench_sampling:
        bench_sampling(arguments.samples, arguments.chunk)
    elif arguments.train_check is not None:
        train_check(arguments.train_check)
    else:
        lean = "lean-compiled" if arguments.compile else "lean"
        bench_training(arguments.bench, lean if arguments.lean else "reference")


if __name__ == "__main__":
    main()
