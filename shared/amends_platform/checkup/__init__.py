"""What `amends doctor` looks at, and what it finds; it changes nothing.

Imports the rest of amends_platform but the CLI. Start in `everything` for the order, `finding` for what is said; what
webhooks and digests need looked at is in their own folders.
"""
