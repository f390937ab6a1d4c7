"""What both HTTP services share: serving, errors as problems, the probes, the short way, and an end that loses nothing.

Imports FastAPI and the rest of amends_platform, never a service. What stands before it all is `guarding`.
Start at `web`, which makes an application; `serving` runs one.
"""
