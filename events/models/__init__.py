"""Registered models: what the store has of them, and the facts that follow from it (ADR 67)."""
