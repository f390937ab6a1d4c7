"""The desk's rules where a scenario says when something falls due; where something always does, they are hasty."""

from __future__ import annotations

from typing import Final

SLOW: Final = """\
policy: slow
version: 1
effective_from: 2026-01-01
timezone: Asia/Shanghai
clocks:
  apology: {from: complaint-received, stop: [apology-given], due: 1h}
  callback:
    from: complaint-received
    stop: [callback-made]
    due: agreed
    at_most: 2h
    extend: {requires: customer-agreed, before: due, at_most: 24h}
"""
"""Nothing fires before a scenario sets the database's clock."""
