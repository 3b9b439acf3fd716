"""OpenFaaS on one machine: gateway, provider, queue, and the servers behind them.

`faastrain up` starts it; nothing outside this wing knows that it is there.
"""
