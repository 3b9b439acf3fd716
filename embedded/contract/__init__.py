"""OpenFaaS's provider contract: what lies between a gateway and a provider."""
