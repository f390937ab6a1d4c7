"""Forgetting a customer: who they are in the log, what is recorded, the end of their key, and a certificate of it.

Imports amends_store and the rest of amends_platform; what is decided comes from `amends_domain.decisions.erasure`.
Start at `recording`, which does it; `customers` finds the customer, `certificates` proves it.
"""
