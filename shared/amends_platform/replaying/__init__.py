"""The log replayed through the state machine, and what comes out held against the live state, row by row.

Imports amends_store and amends_domain; reads the workflow's tables and writes nothing, and shares no code with it.
Start at `replays`; then `folding` (log to cases), `expected` (cases to rows), `fired` (alerts), `live` (what is there).
"""
