"""What every service needs once: settings, logging, problem details, principals, sealing, embedded servers, the CLI.

Imports amends_store, amends_domain and libraries; never a service. CLI modules import heavy things inside functions.
Start at `settings`; for requests at `http`, then `identity`; for what runs at `supervising`; for commands at `cli`.
"""
