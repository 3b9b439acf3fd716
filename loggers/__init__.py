"""Loggers: consumers of a run's facts, which write its numbers where a researcher looks at them.

`rows` is pure; each writer is a module of its own with one interface (`kinds.Writer`), and imports
its library only when it is opened.
"""
