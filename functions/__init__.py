"""One folder per OpenFaaS function: a thin handler.py and its own requirements.txt."""
