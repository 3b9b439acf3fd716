"""Every message, reference and specification as a typed struct, and its msgpack codec. No I/O."""
