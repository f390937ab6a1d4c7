"""The fault bench: a whole Amends as processes, broken by seeded faults while clients work, and judged by its history.

May import everything. Start at docs/faults.md; then `soak` runs it, `world` is what is broken, `kinds` how.
"""
