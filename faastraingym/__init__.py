"""FaaSTrainGym: serverless reinforcement-learning training on OpenFaaS, NATS and S3.

This package is the repository's own folders, linked: `events/` is `faastraingym.events`, and so on
(ADR 35). Everything that is installed has this one import name.
"""

__version__ = "0.1.0"
