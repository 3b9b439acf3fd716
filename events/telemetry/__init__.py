"""Data about invocations: metering, metrics, trace context, OpenTelemetry spans.

Numbers that people look at are calculated in events/views.
"""
