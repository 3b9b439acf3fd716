"""Gymnasium environments as a run needs them: seeded, resumable, checked, foreign code fenced.

What an environment may be, and what it may remember, is decided here.
"""
