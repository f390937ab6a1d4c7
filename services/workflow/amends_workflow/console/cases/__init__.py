"""One case as a page shows it: its steps, its clocks, its history in sentences, what may be done with it now.

Imports what the workflow's API is made from, and the words.
Start at `view`, which gathers it; each part is made in a file of its own.
"""
