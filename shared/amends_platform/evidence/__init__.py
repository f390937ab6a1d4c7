"""Evidence that needs no trust in us: signed notes and checkpoints of the log, and what is proven with them.

Imports the rest of amends_platform; the tree itself is `amends_store.merkle` and `amends_store.tiles`.
Start in `tree_head` for what is signed and `signing` for when, in `bundle` and `checking` for what is handed out.
"""
