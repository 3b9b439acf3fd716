"""Objects on any S3: written once, verified by digest when read, cached while warm."""
