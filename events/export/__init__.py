"""Documents that are generated from the code: schemas, AsyncAPI, tables of roles and metrics.

`python -m faastraingym.events.export docs` writes them; `make check` compares them.
"""
