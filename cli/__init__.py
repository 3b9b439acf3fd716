"""The `faastrain` command: parse, run one command, print.

What it prints of a run comes from events/views.
"""
