"""What a complaint is and what may happen to it: pure functions over frozen values.

Imports the standard library and pydantic only; no clock, no randomness, no I/O: time and ids are arguments.
Start at `commands`, `decide`, `evolve`; deadlines are in `clocks`, the rules they follow in `policy`.
"""
