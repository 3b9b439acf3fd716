"""How a policy acts in environments: the step loop, trajectories, evaluation.

NumPy alone, so that rollout and evaluate start fast.
"""
