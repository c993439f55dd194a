"""Estimators: what the system believes about items and attributes, given a user and the talk so far."""

from recosim.estimators.base import Estimator, Progress, Vectors
from recosim.estimators.mf import MatrixFactorisation
from recosim.estimators.registry import ESTIMATORS, estimator, fit_or_load

__all__ = [
    "Estimator",
    "MatrixFactorisation",
    "Progress",
    "Vectors",
    "ESTIMATORS",
    "estimator",
    "fit_or_load",
]
