"""The settings, a group a class: what each is, who reads it, and which values it may have.

Imports nothing of ours. `amends_platform.settings` makes one Settings of the groups; docs/configuration.md is made from
them. Start at `kinds`; a new setting goes to the group whose docstring fits.
"""
