"""The code that algorithms with a policy network and a value network share.

`acting` is NumPy alone; everything else imports JAX.
"""
