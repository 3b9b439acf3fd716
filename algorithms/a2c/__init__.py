"""Advantage actor-critic (Mnih et al. 2016, arXiv 1602.01783), synchronous."""
