"""The compiled part of `recosim.estimators.mf`: half a sweep of alternating least squares."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recosim.kernels.compiling import cached

__all__ = ["solve_rows"]


@cached()
def solve_rows(
    indptr: NDArray[np.int64],  # (n + 1,) links of each row to be solved
    indices: NDArray[np.int32],  # (links,) rows of `other`
    other: NDArray[np.float64],  # (m, d) the side that is held fixed
    gram: NDArray[np.float64],  # (d, d) what all rows of `other` say about a missing link
    gram_weight: NDArray[np.float64],  # (n,) weight of it in each row
    ridge: float,
    prior: NDArray[np.float64],  # (n, d) where the ridge pulls each row to
    out: NDArray[np.float64],  # (n, d) written
) -> None:
    """Solve (gram_weight gram + sum y y' + ridge I) x = sum y + ridge prior for every row.

    y are the vectors of the row's links. One thread, a fixed order of additions and no
    reassociation: the result does not depend on the number of cores or on a BLAS.
    """
    d = other.shape[1]
    a = np.empty((d, d))
    b = np.empty(d)
    column = np.empty(d)
    for row in range(len(indptr) - 1):
        for i in range(d):
            b[i] = ridge * prior[row, i]
            for j in range(i + 1):
                a[i, j] = gram_weight[row] * gram[i, j]
            a[i, i] += ridge
        for link in range(indptr[row], indptr[row + 1]):
            y = other[indices[link]]
            for i in range(d):
                y_i = y[i]
                b[i] += y_i
                for j in range(i + 1):
                    a[i, j] += y_i * y[j]
        # Cholesky in the lower triangle, column by column, with the right-hand side along: the
        # inner loops run over contiguous memory without a reduction, which compiles to SIMD.
        for k in range(d):
            pivot = np.sqrt(a[k, k])
            a[k, k] = pivot
            b[k] /= pivot
            for i in range(k + 1, d):
                a[i, k] /= pivot
                column[i] = a[i, k]
                b[i] -= a[i, k] * b[k]
            for i in range(k + 1, d):
                factor = column[i]
                for j in range(k + 1, i + 1):
                    a[i, j] -= factor * column[j]
        for k in range(d - 1, -1, -1):
            x = b[k] / a[k, k]
            out[row, k] = x
            for i in range(k):
                b[i] -= a[k, i] * x
