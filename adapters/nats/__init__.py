"""JetStream behind our ports: facts, commands, the bus, dead letters, metering."""
