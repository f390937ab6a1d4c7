"""A story on shortened clocks: sample complaints, the people who handle them, and what the deadlines make of it.

Imports the rest of amends_platform; speaks to intake and workflow over HTTP and to NATS as any client would.
Start at `story` (what happens, as data), then `stage` (who carries it out) and `samples`.
"""
