"""Environments that are programs of JAX: stepped compiled, or in one program with the policy.

Only `environments/on_jax.py` names these modules, by text: nothing else imports JAX with them.
"""
