"""OpenFaaS on one machine: `faastrain up` starts it; nothing outside this wing knows it is there.

`gateway` is OpenFaaS's public API over any provider, `provider` runs each replica as a process of
this machine, and `servers` starts the real NATS and S3 servers. `contract` is what gateway and
provider share: OpenFaaS's own messages, and the HTTP that carries them. The modules beside
these folders compose them: gateway_process and provider_process are started; stack, supervisor and
plan start them; provisioning fills what runs.
"""
