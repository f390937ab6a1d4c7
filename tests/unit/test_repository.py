"""Rules that the repository itself keeps: nothing of one machine in it, nothing unpinned, every room described."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(
    init.parent
    for top in ("services", "shared")
    for init in (ROOT / top).glob("**/__init__.py")
    if not {".venv", "node_modules"} & set(init.parts)
)
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))

# Written in pieces, so that this file does not name what it forbids.
REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("docker", "io"),
        ("ghcr", "io"),
        ("quay", "io"),
        ("proxy", "golang", "org"),
        ("crates", "io"),
        ("tuna", "tsinghua", "edu"),
        ("mirrors", "aliyun", "com"),
    )
]
MACHINE_PATHS = ["/" + "work" + "/", "/" + "root" + "/", "/opt/" + "pypi", "/opt/" + "wheels"]
INDEX_OPTIONS = ["--" + option for option in ("index-url", "extra-index-url", "find-links", "trusted-host")]


def committed() -> list[Path]:
    """The files that git knows; the test is skipped where there is no repository, as in an unpacked archive."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git repository")
    listed = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def committed_texts() -> list[tuple[str, str]]:
    return [(str(path.relative_to(ROOT)), path.read_text("utf-8", errors="replace")) for path in committed()]


def places(pattern: str) -> list[str]:
    """Where the pattern stands, as `file:line`."""
    search = re.compile(pattern)
    return [
        f"{name}:{text.count(chr(10), 0, match.start()) + 1}"
        for name, text in committed_texts()
        for match in search.finditer(text)
    ]


def test_no_committed_file_names_a_package_registry() -> None:
    hosts = "|".join(re.escape(host) for host in REGISTRY_HOSTS)
    assert places(rf"(?<![\w-])(?:[\w-]+\.)*(?:{hosts})(?![\w-])") == []


def test_no_committed_file_chooses_a_package_index() -> None:
    assert places("|".join(INDEX_OPTIONS)) == []


def test_no_committed_file_holds_a_path_of_one_machine() -> None:
    paths = "|".join(re.escape(path) for path in MACHINE_PATHS)
    assert places(rf"(?<![\w.$}}-])(?:{paths})") == []


def test_no_secret_file_is_committed() -> None:
    names = [path.name for path in committed()]
    assert [name for name in names if name == ".env" or name.endswith((".pem", ".key"))] == []


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_a_package_says_in_three_lines_what_it_is_for_what_it_imports_and_where_to_start(package: Path) -> None:
    docstring = ast.get_docstring(ast.parse((package / "__init__.py").read_text("utf-8"))) or ""
    assert len([line for line in docstring.splitlines() if line.strip()]) == 3


def test_there_are_requirements_to_check() -> None:
    assert {path.stem for path in REQUIREMENTS} >= {"bootstrap", "runtime", "dev", "build"}


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.stem)
def test_every_requirement_is_pinned_to_one_version_and_its_hashes(path: Path) -> None:
    logical = path.read_text("utf-8").replace("\\\n", " ")
    requirements = [line for line in logical.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert requirements
    loose = [line.split()[0] for line in requirements if not re.match(r"[\w.\[\],-]+==[\w.+!]+\s", line)]
    unhashed = [line.split()[0] for line in requirements if "--hash=sha256:" not in line]
    assert (loose, unhashed) == ([], [])


def test_no_statement_casts_a_named_bind_with_two_colons() -> None:
    """SQLAlchemy's text() takes a bind that two colons follow for plain text; it is written CAST(:id AS uuid)."""
    found = places(r"(?<![:\w]):[a-z_]+::[a-z]")
    assert [place for place in found if place.partition(":")[0].endswith((".py", ".sql"))] == []


def test_nothing_notifies_inside_a_transaction() -> None:
    """NOTIFY serialises every commit of the database behind one lock (docs/adr/0002)."""
    statements = [
        (path.relative_to(ROOT), re.sub(r"--[^\n]*", "", path.read_text("utf-8")))
        for path in committed()
        if path.suffix == ".sql"
    ]
    assert [str(name) for name, sql in statements if re.search(r"\bnotify\b|pg_notify", sql, re.IGNORECASE)] == []
