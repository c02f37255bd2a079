"""Fréchet distances of random Gaussians, by ways that share nothing with ours.

Writes frechet.safetensors: for each case the two means and covariances, `truth`, computed with 60 digits by mpmath from the eigenvalues of
the product of the covariances, and `scipy`, by the matrix square root that FID's programs use, where it is defined.

    pip install numpy scipy mpmath safetensors
    python frechet.py
"""

import mpmath
import numpy
import scipy.linalg
from safetensors.numpy import save_file

mpmath.mp.dps = 60

# Features, images of the one set and of the other.
CASES = {
    "one_feature": (1, 5, 9),
    "plain": (7, 40, 60),
    "odd": (23, 101, 57),
    "narrow": (24, 500, 11),
    "both_narrow": (19, 8, 13),
    "two_images": (12, 2, 90),
}


def exact_covariance(rows):
    """From the rows' own bits, so that the rank is exact."""
    rows = mpmath.matrix(rows.tolist())
    count = rows.rows
    means = [mpmath.fsum(rows[i, j] for i in range(count)) / count for j in range(rows.cols)]
    centred = mpmath.matrix(count, rows.cols)
    for i in range(count):
        for j in range(rows.cols):
            centred[i, j] = rows[i, j] - means[j]
    return means, centred.T * centred / (count - 1), centred / mpmath.sqrt(count - 1)


def truth(one, other):
    means_1, covariance_1, rows_1 = exact_covariance(one)
    means_2, covariance_2, rows_2 = exact_covariance(other)
    # S₁ = AᵀA and S₂ = BᵀB: the eigenvalues of S₁S₂ other than 0 are those of (ABᵀ)(ABᵀ)ᵀ.
    product = rows_1 * rows_2.T
    gram = product * product.T if product.rows <= product.cols else product.T * product
    eigenvalues = mpmath.eigsy(gram, eigvals_only=True)
    roots = mpmath.fsum(mpmath.sqrt(max(value, mpmath.mpf(0))) for value in eigenvalues)
    trace = mpmath.fsum(covariance_1[i, i] + covariance_2[i, i] for i in range(covariance_1.rows))
    means = mpmath.fsum((a - b) ** 2 for a, b in zip(means_1, means_2))
    return float(means + trace - 2 * roots)


def by_scipy(one, other):
    covariances = [numpy.atleast_2d(numpy.cov(rows, rowvar=False)) for rows in (one, other)]
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1]).real
    distance = one.mean(0) - other.mean(0)
    return distance @ distance + numpy.trace(covariances[0] + covariances[1] - 2 * root)


def main():
    random = numpy.random.default_rng(5)
    tensors = {}
    for name, (features, *counts) in CASES.items():
        sets = []
        for count in counts:
            mixing = random.standard_normal((features, features))
            shift = random.standard_normal(features) * 3
            sets.append(random.standard_normal((count, features)) @ mixing + shift)
        for which, rows in zip("ab", sets):
            tensors[f"{name}.{which}.mean"] = rows.mean(0)
            tensors[f"{name}.{which}.covariance"] = numpy.atleast_2d(numpy.cov(rows, rowvar=False))
            tensors[f"{name}.{which}.images"] = numpy.array([len(rows)], dtype=numpy.int64)
        tensors[f"{name}.truth"] = numpy.array([truth(*sets)])
        if min(counts) > features:
            tensors[f"{name}.scipy"] = numpy.array([by_scipy(*sets)])
        print(name, tensors[f"{name}.truth"][0], by_scipy(*sets))
    save_file({name: numpy.ascontiguousarray(tensor) for name, tensor in tensors.items()}, "frechet.safetensors")


if __name__ == "__main__":
    main()
