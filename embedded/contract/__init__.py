"""What OpenFaaS lays down between a gateway and a provider, and what both serve it with."""
