"""What algorithms with a policy network and a value network share: PPO, A2C.

`acting` is NumPy alone; everything else imports JAX.
"""
