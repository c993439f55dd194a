"""UNICORN (Deng et al. 2021): its state, networks and kernels."""
