"""The desk's rules while bugs are looked for."""

from __future__ import annotations

from typing import Final

HASTY: Final = """\
policy: hasty
version: 1
effective_from: 2026-01-01
timezone: Asia/Shanghai
clocks:
  apology: {from: complaint-received, stop: [apology-given], due: 1s, warn: [50%]}
  callback:
    from: complaint-received
    stop: [callback-made]
    due: agreed
    at_most: 2s
    warn: [25%, 1s before]
    extend: {requires: customer-agreed, before: due, at_most: 2s}
  follow_up: {from: customer-confirmed, stop: [followed-up], due: 1s, warn: [75%]}
ladder:
  - {after: 0s, to: service_admin}
  - {after: 1s, to: department_manager}
"""
"""Something is always about to fire."""

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
