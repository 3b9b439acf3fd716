"""The learner tells what compiling takes."""

import jax
import jax.numpy as jnp

import faastraingym.functions.update_policy.handler  # noqa: F401  it listens from its import on
from faastraingym.adapters.stage.spans import keep


def test_a_compilation_is_told_to_the_invocation_that_it_happens_in() -> None:
    """Once: what is compiled is not compiled again."""
    double = jax.jit(lambda x: 2 * x + jnp.sin(x))
    first = keep()
    double(jnp.ones(7)).block_until_ready()
    assert {kind for kind, _, _ in first} == {"compile"}
    x = jnp.ones(7)
    second = keep()
    double(x).block_until_ready()
    assert second == []
