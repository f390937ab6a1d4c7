"""Follows the log: read models, timers that append, and the API that answers what is asked.

Imports amends_platform, amends_store and amends_domain, never another service.
Events walk `projecting` → `projection` → `read_model`; timers are in `firing`, questions in `routes`. Start at `app`.
"""
