"""Writes statistics.json: features of some images, and their mean and unbiased covariance in exact arithmetic, rounded once.

    python crates/evaluation/tests/golden/statistics.py
"""

import json
import random
from fractions import Fraction
from pathlib import Path

IMAGES, FEATURES = 131, 5

numbers = random.Random(7)


def row():
    """Numbers that single precision holds; the second is large beside its spread, the last depends on the first."""
    first = numbers.randrange(-4096, 4096) / 1024
    far = 6000 + numbers.randrange(-20, 20) / 2048
    small = numbers.randrange(0, 1000) / 2**40
    coin = float(numbers.randrange(2))
    return [first, far, small, coin, 2 * first - coin]


rows = [row() for _ in range(IMAGES)]
exact = [[Fraction(value) for value in values] for values in rows]
mean = [sum(column) / IMAGES for column in zip(*exact)]
centred = [[value - middle for value, middle in zip(values, mean)] for values in exact]
covariance = [
    [float(sum(values[i] * values[j] for values in centred) / (IMAGES - 1)) for j in range(FEATURES)]
    for i in range(FEATURES)
]
golden = {"features": rows, "mean": [float(value) for value in mean], "covariance": covariance}
Path(__file__).with_name("statistics.json").write_text(json.dumps(golden) + "\n")
