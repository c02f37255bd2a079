"""Writes order.json: what numpy and Python make of EDM2's data order, and of its choice of a part of a data set.

Needs numpy.

    python crates/data/tests/golden/order.py
"""

import json
from pathlib import Path

import numpy as np


def permutation(seed, length):
    order = np.arange(length)
    np.random.RandomState(seed % (1 << 31)).shuffle(order)
    return order


def epoch(seed, number, length):
    return permutation(hash((seed, number)), length).tolist()


golden = {
    # Three epochs of 7 and of 1 image, and the first and the last of a large one.
    "seven": [epoch(5, number, 7) for number in range(3)],
    "seven_large_seed": epoch((1 << 33) + 5, 2, 7),
    "large": [order[at] for order in (epoch(0, 1, 70001),) for at in (0, 1, 35000, 69999, 70000)],
    "part": sorted(permutation((1 << 31) + 3, 1000)[:11].tolist()),
}
Path(__file__).with_suffix(".json").write_text(json.dumps(golden, indent=1) + "\n")
