"""How outside events become run requests: files, bucket notifications, CloudEvents, schedules.

A new kind of source that starts a run belongs here.
"""
