"""What the pipeline is: its messages, who sends and receives them, and what follows from them.

Decisions are pure functions of messages and specification; adapters/ does the I/O. `ports` names
what stages need of the outside world.
"""
