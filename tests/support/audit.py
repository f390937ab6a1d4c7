"""`make audit`: whether anything that is locked in requirements/ has a known vulnerability.

The advisories are PyPI's, asked for each locked version by pip-audit. Exit code 1 for one that is not ignored on
purpose; requirements/audit-ignored.list has those, each with why. Where the advisories cannot be had, that is said, and
nothing fails: what was locked yesterday is no worse today because a network is away.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

_REQUIREMENTS: Final = Path(__file__).parents[2] / "requirements"
# All that is installed by anybody: what runs, what builds, and what this is developed with.
_LOCKED: Final = ("runtime.txt", "dev.txt", "build.txt", "bootstrap.txt")
_SECONDS_MAX: Final = 300


class Verdict(NamedTuple):
    """`failing`: a line for each vulnerability; `asked`: of how many packages the advisories were had."""

    failing: list[str]
    ignored: list[str]
    asked: int
    packages: int


def verdict(report: Mapping[str, Any], ignored: Mapping[str, str]) -> Verdict:
    """What pip-audit's report means. `ignored`: from an advisory's id to why it does not concern us."""
    failing, passed_over, packages = [], [], report["dependencies"]
    for package in packages:
        for found in package.get("vulns", ()):
            names = {found["id"], *found.get("aliases", ())}
            known = next((name for name in sorted(names) if name in ignored), None)
            fixed = ", ".join(found.get("fix_versions", ())) or "no version yet"
            line = f"{package['name']} {package['version']}: {found['id']}, mended in {fixed}"
            if known is None:
                failing.append(line)
            else:
                passed_over.append(f"{line} (ignored: {ignored[known]})")
    return Verdict(failing, passed_over, sum("skip_reason" not in package for package in packages), len(packages))


def read_ignored(text: str) -> dict[str, str]:
    """From lines such as `GHSA-xxxx-xxxx-xxxx why it does not concern us`. Raises ValueError without a reason."""
    ignored = {}
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, why = line.strip().partition(" ")
            if not why.strip():
                raise ValueError(f"{name}: say why it is ignored")
            ignored[name] = why.strip()
    return ignored


def main() -> int:
    said = _reported()
    if said is None:
        print("audit: the advisories cannot be had from here; nothing was audited", file=sys.stderr)
        return 0
    found = verdict(said, read_ignored((_REQUIREMENTS / "audit-ignored.list").read_text()))
    for line in (*found.ignored, *found.failing):
        print(line)
    if found.asked < found.packages:
        print(
            f"audit: of {found.packages - found.asked} of {found.packages} packages no advisories could be had",
            file=sys.stderr,
        )
    if found.asked and not found.failing:
        print(f"audit: {found.asked} packages without a known vulnerability")
    return 1 if found.failing else 0


def _reported() -> dict[str, Any] | None:
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--progress-spinner", "off"]
    command += ["--format", "json", *(part for name in _LOCKED for part in ("-r", str(_REQUIREMENTS / name)))]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS_MAX, check=False)
        report: dict[str, Any] = json.loads(ended.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        return None
    return report


if __name__ == "__main__":
    sys.exit(main())
