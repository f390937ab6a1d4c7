"""What can be known of the image from its Dockerfile; `make rehearsal` builds what it would hold."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from amends_platform.settings import PREFIX
from tests.support.dockerfile import stages

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text("utf-8")
BUILD, FONTS, IMAGE = stages(DOCKERFILE)


def test_the_image_runs_as_a_numbered_user_and_checks_its_health() -> None:
    (user,) = IMAGE.of("USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    assert re.search(r"CMD \[.*healthcheck\.py", IMAGE.of("HEALTHCHECK")[0])
    assert IMAGE.of("STOPSIGNAL") == ["SIGTERM"]
    # In the form without a shell, so that a signal reaches the service.
    assert IMAGE.of("ENTRYPOINT") == ['["amends"]']


@pytest.mark.parametrize("directory", ["keys", "signing"])
def test_whoever_the_image_runs_as_can_write_where_volumes_are_mounted(directory: str) -> None:
    made = rf"install --directory --owner=10001 --group=10001 --mode=0700 [^&]*/var/lib/amends/{directory}\b"
    assert re.search(made, " ".join(IMAGE.of("RUN")))


def test_every_package_in_the_image_is_pinned_by_its_hash() -> None:
    installs = re.findall(r"pip install (.+?)(?= &&|$)", " && ".join(BUILD.of("RUN")))
    assert len(installs) == 3
    for arguments in installs:
        assert "--require-hashes" in arguments or arguments.endswith("--no-deps dist/amends-*.whl")
    (build,) = re.findall(r"uv build (.+?)(?= &&|$)", " ".join(BUILD.of("RUN")))
    assert "--require-hashes --build-constraints requirements/build.txt" in build


def test_nothing_is_left_in_the_image_that_installs_or_builds() -> None:
    assert "--without-pip /opt/amends" in DOCKERFILE
    copied = {copy.split()[1] for copy in IMAGE.of("COPY") if copy.startswith("--from=build")}
    assert copied == {"/opt/amends"}
    assert "rm -rf /usr/local/bin/pip*" in IMAGE.of("RUN")[0]
    assert "apt-get" not in " ".join(IMAGE.of("RUN"))


def test_all_stages_are_of_one_base_so_that_the_python_is_the_same() -> None:
    assert re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE) == ["${PYTHON_IMAGE}"] * 3


def test_the_image_holds_every_extra_but_what_brings_servers_and_tests() -> None:
    """Nobody installs anything in it later: it prints PDFs in Chinese, writes Parquet and sends traces."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    wanted = {
        re.split(r"[>=\[]", each)[0]
        for extra, several in extras.items()
        if extra not in {"embedded", "dev"}
        for each in several
    }
    assert wanted >= {"duckdb", "typst", "opentelemetry-sdk"}
    pinned = (ROOT / "requirements" / "runtime.txt").read_text("utf-8")
    assert wanted <= set(re.findall(r"^([a-z0-9-]+)==", pinned, re.MULTILINE))
    assert "fonts-noto-cjk" in FONTS.of("RUN")[0]
    assert any(copy.startswith("--from=fonts") and "NotoSansCJK" in copy for copy in IMAGE.of("COPY"))


def test_everything_the_image_copies_exists_and_is_not_ignored() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    kept = {line[1:] for line in lines if line.startswith("!")}
    copies = [copy for stage in (BUILD, IMAGE) for copy in stage.of("COPY") if not copy.startswith("--from")]
    sources = {source for copy in copies for source in copy.split()[:-1]}
    assert [source for source in sorted(sources) if not (ROOT / source).exists()] == []
    kept_sources = {source if source in kept else source.partition("/")[0] for source in sources}
    assert kept_sources == kept
    assert lines.index("*") < min(lines.index(f"!{name}") for name in kept)


class _Readiness(BaseHTTPRequestHandler):
    answers: ClassVar[dict[str, int]] = {"/readyz": 200}

    def do_GET(self) -> None:
        self.send_response(self.answers.get(self.path, 404))
        self.end_headers()

    def log_request(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def service_port() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Readiness) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield str(server.server_address[1])
        server.shutdown()


def healthcheck(directory: Path, *command: str, **given: str) -> int:
    """How the check ends in a container whose first process is this command."""
    command_line = directory / "cmdline"
    command_line.write_bytes(b"".join(word.encode() + b"\0" for word in command))
    script = [sys.executable, "-I", "-S", str(DEPLOY / "healthcheck.py"), str(command_line)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return subprocess.run(script, env=kept | given, capture_output=True, timeout=30).returncode


@pytest.mark.parametrize(
    ("command", "variable"),
    [
        (("/sbin/docker-init", "--", "amends", "intake"), "AMENDS_INTAKE_PORT"),
        (("/opt/amends/bin/python", "-m", "amends_workflow"), "AMENDS_WORKFLOW_PORT"),
        (("python", "/opt/amends/bin/amends", "notifier"), "AMENDS_NOTIFIER_PORT"),
    ],
)
def test_a_container_is_healthy_when_the_service_that_it_runs_is_ready(
    service_port: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], variable: str
) -> None:
    assert healthcheck(tmp_path, *command, **{variable: service_port}) == 0
    monkeypatch.setitem(_Readiness.answers, "/readyz", 503)
    assert healthcheck(tmp_path, *command, **{variable: service_port}) == 1


def test_a_container_whose_service_cannot_be_asked_is_not_called_healthy(tmp_path: Path) -> None:
    assert healthcheck(tmp_path, "amends", "notifier") == 1


def test_a_job_is_well_for_as_long_as_it_runs(tmp_path: Path) -> None:
    assert healthcheck(tmp_path, "/sbin/docker-init", "--", "amends", "migrate") == 0
