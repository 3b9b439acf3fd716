"""Generalised state-dependent exploration (Raffin et al. 2021, arXiv 2005.05719).

Noise is z W, a linear function of the policy's latent features z, [L], those that its head reads.
Each element of W, [L, A], is drawn with the deviation exp(log_std) and stays for so many steps, so
that exploration is smooth. Given z, noise is Gaussian. `matrices` is NumPy, `deviations` JAX.
"""
