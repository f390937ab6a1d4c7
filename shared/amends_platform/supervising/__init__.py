"""The system on one machine: its processes started, watched and stopped, its ports, and the directory it owns.

Imports the rest of amends_platform, never a service: those are programs here.
Start at `up`, which is `amends up`; then `supervisor`, which keeps any programs running.
"""
