"""Writes samples as ADM's programs do: archives of images and labels, plain and compressed. Needs numpy.

    python crates/data/tests/golden/arrays.py
"""

from pathlib import Path

import numpy as np

# Pixels of a formula that the tests have too.
image, row, column, channel = np.indices((7, 4, 5, 3))
images = (37 * image + 11 * row + 5 * column + 83 * channel).astype(np.uint8)
labels = np.array([3, 0, 3, 1, 0, 0, 1])
folder = Path(__file__).parent
np.savez(folder / "samples.npz", images, labels)
np.savez_compressed(folder / "samples-deflated.npz", images, labels)
