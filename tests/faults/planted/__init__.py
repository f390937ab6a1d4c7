"""Planted bugs: a copy of the code with one mistake in it, a scenario that brings it out, and the promise it breaks.

May import everything; nothing of the product knows of it. `bugs` are the mistakes, `scenarios` what is done with each,
`stage` is where they are played, with `patches` in the code.
"""
