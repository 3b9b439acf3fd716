"""What there is to deploy: streams, roles and their permissions, functions and their limits.

The broker's accounts, the store's policies and stack.yml are made from, or read by, these tables.
"""
