"""Policies from file to force: read with their holidays, kept by hash, published, tried on history.

Imports the rest of amends_platform; what a policy says is `amends_domain.policy`'s.
Start in `files` for reading one, `book` for which are known and in force; `packs` are the built-in ones.
"""
