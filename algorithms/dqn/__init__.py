"""Deep Q-learning (Mnih et al. 2015), with its usual extensions as options."""
