"""`make fuzz`: both services asked for longer than the suite has time for, by other requests each time."""

from __future__ import annotations

import argparse
import os
import random
import sys

import pytest


def main() -> int:
    """Run tests/integration/contract/test_fuzz.py with so many examples. Returns pytest's exit status."""
    parser = argparse.ArgumentParser(prog="make fuzz")
    parser.add_argument("--examples", type=int, default=100, help="requests per operation, allowed and not [100]")
    parser.add_argument("--steps", type=int, default=12, help="links followed one after the other at most [12]")
    parser.add_argument("--seed", type=int, default=None, help="the same requests as a run before")
    asked = parser.parse_args()
    seed = random.randrange(2**32) if asked.seed is None else asked.seed
    os.environ |= {"AMENDS_FUZZ_EXAMPLES": str(asked.examples), "AMENDS_FUZZ_STEPS": str(asked.steps)}
    os.environ["AMENDS_FUZZ_SEED"] = str(seed)
    print(f"again with: make fuzz ARGS='--examples {asked.examples} --steps {asked.steps} --seed {seed}'", flush=True)
    # A long run hangs no longer than a single answer does.
    options = ["-q", "-n0", "-rA", "-o", "faulthandler_timeout=0", "--no-header"]
    return int(pytest.main([*options, "tests/integration/contract/test_fuzz.py"]))


if __name__ == "__main__":
    sys.exit(main())
