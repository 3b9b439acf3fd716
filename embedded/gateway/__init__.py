"""OpenFaaS's public API over any provider."""
