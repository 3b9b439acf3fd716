"""The process provider: a function's replica is a process of this machine."""
