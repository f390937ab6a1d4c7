"""Benchmarks: what Amends does, side by side with what could have been used instead. `make bench` runs them.

Imports everything of ours, and the rivals. No figure is typed by hand: docs/benchmarks.md is written by a run.
Start reading at `measuring`, then `appending`, `receiving`, `replaying` and `alerting`: one benchmark each.
"""
