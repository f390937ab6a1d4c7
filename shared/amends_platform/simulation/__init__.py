"""Complaint life by the core on a moved clock: who comes and what is done about it, drawn from a seed.

Imports amends_domain and of amends_platform what is pure, no service: chance is a seed, time an argument.
Start at `years` (who comes, with what), then `world` (what the log would say of it) and `tally` (what a branch sees).
"""
