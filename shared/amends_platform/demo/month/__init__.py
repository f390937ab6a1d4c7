"""A month at an invented bank: lives of complaints planned by chance, and the log that they would have left.

Imports the rest of amends_platform, no service. Everything but `filling` is pure: chance is a seed, time an argument.
Start at `plan` (who does what when), then `world` (what the log says of it) and `filling` (how it gets there).
"""
