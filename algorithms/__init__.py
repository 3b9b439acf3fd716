"""Pure numerics: returns, losses, networks, rollout collection. No I/O."""
