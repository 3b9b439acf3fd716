"""Gymnasium environments as a run needs them: seeded, resumable, checked, foreign code fenced.

This wing decides which environments a run may use, and what they may remember.
"""
