"""A month at an invented bank, and the log that it would have left.

Imports the rest of amends_platform, no service. Start at `plan` (who comes when); `simulation` plays it, and `filling`
puts it into a log.
"""
