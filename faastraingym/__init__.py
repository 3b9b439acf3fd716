"""FaaSTrainGym: serverless reinforcement-learning training on OpenFaaS, NATS and S3.

This package is the repository's own folders, linked: `events/` is `faastraingym.events`, and so on
(ADR 35). Everything that is installed has this one import name.
"""

from pathlib import Path

__version__ = "0.1.0"
# stack.yml, template/, functions/, examples/ and deploy/ lie here, in a checkout as installed.
PACKAGE = Path(__file__).parent
