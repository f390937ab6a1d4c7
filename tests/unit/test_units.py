"""The systemd units: what systemd itself says of them, where it is, and that they fit the programs that they start."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from amends_platform.settings import PREFIX, Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = DEPLOY / "systemd"
WALLS = UNITS / "amends-.service.d" / "10-walls.conf"
SERVICES = ("intake", "workflow", "notifier")
# Of 100. What is left is that they have a network, and this machine's files to read.
EXPOSURE_MAX = 15

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not on this machine")


def settings_of(unit: Path) -> list[tuple[str, str]]:
    """Its lines, in order: systemd takes several with one name."""
    return re.findall(r"^(\w+)=(.*)$", unit.read_text("utf-8"), re.MULTILINE)


def values(unit: Path, name: str) -> list[str]:
    return [value for each, value in settings_of(unit) if each == name]


def environment(unit: Path) -> dict[str, str]:
    words = " ".join(values(unit, "Environment")).split()
    return dict(word.split("=", 1) for word in words)


def analyze(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """With the units as they are, but for programs that are not on this machine."""
    for file in (*UNITS.glob("*.service"), *UNITS.glob("*.target"), WALLS):
        copied = directory / file.relative_to(UNITS)
        copied.parent.mkdir(exist_ok=True)
        copied.write_text(file.read_text("utf-8").replace("/opt/amends/bin/amends", "/bin/true"))
    return subprocess.run(
        ["systemd-analyze", *arguments],
        env={"PATH": "/usr/bin:/bin", "SYSTEMD_UNIT_PATH": f"{directory}:", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=60,
    )


@needs_systemd
def test_systemd_understands_every_line(tmp_path: Path) -> None:
    names = [str(tmp_path / file.name) for file in (*UNITS.glob("*.service"), *UNITS.glob("*.target"))]
    done = analyze(tmp_path, "verify", "--man=no", "--recursive-errors=no", *names)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize("service", [*SERVICES, "migrate"])
def test_a_unit_is_as_closed_as_a_program_with_a_network_can_be(tmp_path: Path, service: str) -> None:
    arguments = ("security", "--offline=true", f"--threshold={EXPOSURE_MAX}", "--no-pager")
    done = analyze(tmp_path, *arguments, str(tmp_path / f"amends-{service}.service"))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("service", SERVICES)
def test_a_unit_starts_the_service_that_it_is_called_after(service: str) -> None:
    unit = UNITS / f"amends-{service}.service"
    assert values(unit, "ExecStart") == [f"/opt/amends/bin/amends {service}"]
    assert values(unit, "Restart") == ["always"]
    # The notifier says so once the broker answers, and a machine starts without one.
    assert values(unit, "Type") == ["exec" if service == "notifier" else "notify"]
    assert f"amends-{service}.service" in values(UNITS / "amends.target", "Wants")[0].split()
    # Not Requires: a service waits for its schema by itself, and is not stopped with the job that made it.
    assert "amends-migrate.service" in values(unit, "After")[0].split()
    assert values(unit, "Requires") == []


@pytest.mark.parametrize("unit", sorted(UNITS.glob("*.service")), ids=lambda unit: unit.stem)
def test_secrets_are_credentials_and_no_setting_is_unknown(unit: Path) -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    given = {name: value for name, value in environment(unit).items() if name.startswith(PREFIX)}
    assert given.keys() - known == set()
    loaded = dict(value.split(":", 1) for value in values(unit, "LoadCredential"))
    assert {value for name, value in given.items() if name.endswith("_FILE") and value.startswith("%d/")} == {
        f"%d/{name}" for name in loaded
    }
    assert all(path.startswith("/etc/amends/credentials/") for path in loaded.values())


def test_only_those_who_unseal_have_the_keys_and_they_share_them() -> None:
    kept = {}
    for service in SERVICES:
        unit = UNITS / f"amends-{service}.service"
        kept[service] = (values(unit, "StateDirectory"), "AMENDS_MASTER_KEY_FILE" in environment(unit))
    assert kept == {
        "intake": (["amends/keys"], True),
        "workflow": (["amends/keys", "amends/signing"], True),
        "notifier": ([], False),
    }
    # They are one user, so each is kept from what is another's by its own walls.
    assert values(WALLS, "User") == ["amends"]
    hidden = {name: values(UNITS / f"amends-{name}.service", "InaccessiblePaths") for name in (*SERVICES, "migrate")}
    assert hidden == {
        "intake": ["-%S/amends/signing"],
        "workflow": [],
        "notifier": ["-%S/amends/keys -%S/amends/signing"],
        "migrate": ["-%S/amends/keys -%S/amends/signing"],
    }
    assert "ProtectSystem=strict" in WALLS.read_text("utf-8")


def test_a_service_sees_when_the_machine_was_started_or_none_of_its_process_is_measured() -> None:
    assert values(WALLS, "ProtectProc") == ["invisible"]
    assert values(WALLS, "ProcSubset") == []


def test_nats_gets_the_passwords_that_its_script_asks_for() -> None:
    drop_in = UNITS / "nats-server.service.d" / "amends.conf"
    (names,) = re.findall(r"^for name in (.*); do$", (DEPLOY / "nats-start.sh").read_text("utf-8"), re.MULTILINE)
    wanted = [f"nats_{name.lower()}_password" for name in names.split()]
    assert values(drop_in, "LoadCredential") == [f"{name}:/etc/amends/credentials/{name}" for name in wanted]
    assert environment(drop_in) == {"NATS_SECRETS_DIR": "%d"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_time_to_drain_and_to_finish(service: str) -> None:
    unit = UNITS / f"amends-{service}.service"
    given = environment(unit)
    taken = float(given["AMENDS_DRAIN_SECONDS"]) + float(given["AMENDS_SHUTDOWN_SECONDS_MAX"])
    assert float(values(unit, "TimeoutStopSec")[0]) >= taken + 10
