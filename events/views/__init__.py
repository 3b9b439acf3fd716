"""Read models: what people and programs are shown of a run, folded from its facts.

The command line, the exporter and the report all read these, so each number is calculated once.
"""
