"""HTTP in: authenticate, parse, decide, append. The only public writer.

Imports amends_platform, amends_store and amends_domain, never another service.
A command walks `routes` → `bodies` → `desk` → `one_case` (decide and append) → `answers`; start reading at `desk`.
"""
