"""Experiments: which configurations a specification has, and who chooses the next. Pure.

`specification.parse` reads one. A configuration is a dict of settings by their paths below the base
run, as `{"algorithm.learning_rate": 0.001}`.
"""
