"""What a deployment of one's own needs: compose, Kubernetes, Prometheus, Grafana, MinIO.

Data first; the few programs make secrets, users and pictures.
"""
