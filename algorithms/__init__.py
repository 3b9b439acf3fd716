"""Pure numerics: returns, losses, networks, rollout collection, planning. No I/O."""
