"""Files for a deployment of one's own: compose, Kubernetes, Prometheus, Grafana, MinIO.

Data first; the few programs make secrets and users.
"""
