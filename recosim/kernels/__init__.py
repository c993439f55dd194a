"""Compiled kernels: how they reach arrays, and the randomness that all of them share."""
