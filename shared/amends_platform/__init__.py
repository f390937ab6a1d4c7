"""What every service needs once: settings, logging, problem details, principals, sealing, embedded servers, the CLI.

Imports amends_store, amends_domain and libraries; never a service. CLI modules import heavy things inside functions.
Start at `settings`; for the running side at `up`, then `supervisor` and `embedded`; for commands at `cli`.
"""
