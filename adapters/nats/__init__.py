"""JetStream behind our ports: facts, commands, the bus, dead letters, metering.

Only this wing speaks NATS.
"""
