"""Packages of environments: how code becomes a wheel, lies in the store, and is imported.

ADR 43 says why.
"""
