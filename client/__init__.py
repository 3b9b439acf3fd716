"""The Python API: train, watch, stop and resume runs of a stack; act with their policies.

`faastraingym` itself has its public names. Each synchronous class calls an asynchronous one of the
same methods, which it has as `aio`. The command line is written on both.
"""
