"""OpenFaaS's contract between a gateway and a provider, and the code by which both serve it."""
