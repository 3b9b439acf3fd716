"""Objects on any S3: written once, verified by digest when read, cached while warm.

Only this wing speaks S3.
"""
