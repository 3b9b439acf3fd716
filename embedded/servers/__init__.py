"""The real servers of the embedded stack: nats-server and SeaweedFS."""
