"""Whether the log is as it was written: read and hashed anew, and held against its tree and its signed checkpoints.

Imports the rest of amends_platform but the CLI. Start in `log` for the way through, `ranges` for what is done side by
side, `judging` for what needs the order, `claims` for checkpoints.
"""
