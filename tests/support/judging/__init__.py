"""The judge of a run: what clients asked and were told, what the log, its readers, the stream and the read model hold.

Imports the product, and knows its promises, not how they are kept: pure functions over a `History`.
Start at `history` (the shapes) and `judge`; each promise is a function in one of the other files; `recording` collects.
"""
