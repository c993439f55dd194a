"""Estimators: what the system believes about items and attributes of one user, given the talk."""

from recosim.estimators.base import Estimator, Vectors
from recosim.estimators.mf import MatrixFactorisation
from recosim.estimators.registry import ESTIMATORS, estimator, fit_or_load

__all__ = [
    "Estimator",
    "MatrixFactorisation",
    "Vectors",
    "ESTIMATORS",
    "estimator",
    "fit_or_load",
]
