"""Medians and ratios of the rounds of `benchmarks/compare toy`: lines of a name and that program's JSON."""

import json
import statistics
import sys

runs = {}
with open(sys.argv[1]) as lines:
    for line in lines:
        name, result = line.split(" ", 1)
        runs.setdefault(name, []).append(json.loads(result))


def median(name, value):
    return statistics.median(value(run) for run in runs[name])


foil = median("foil", lambda run: run["rows"][0]["iterations_per_second"])
print(f"\ntraining the main model: Foil {foil:.1f} iterations/s")
for name in ("reference", "lean"):
    torch = median(name, lambda run: run["iterations_per_second"])
    print(f"  PyTorch, {name}: {torch:.1f} iterations/s, ratio {foil / torch:.1f}")
foil = median("foil", lambda run: run["sampling"]["median_seconds"])
torch = median("sampling", lambda run: run.get("median_seconds") or run["seconds"])
print(f"65,536 guided samples: Foil {foil:.2f} s, PyTorch {torch:.2f} s, ratio {torch / foil:.1f}")
