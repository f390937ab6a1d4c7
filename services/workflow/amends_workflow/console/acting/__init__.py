"""What people do on pages: one table of forms, which become requests to intake, and what came of them.

Imports httpx, the words and the domain's names; nothing of intake, whose paths and fields the table repeats.
Start at `table`: of each command where it goes and what is asked; `filling` reads what was typed, `sending` sends it.
"""
