"""x"""

SUCCESSES: dict[str, object] = {}
