"""What follows what in a run: facts, commands, and every decision between them.

A new stage or a new message belongs here; how a message travels does not.
"""
