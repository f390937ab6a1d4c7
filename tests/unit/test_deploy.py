"""What can be known of the deployment without a container engine: that it is whole, and safe by default."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from amends_platform.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = (ROOT / "docker-compose.yml").read_text("utf-8")
EXAMPLE = (DEPLOY / "env.example").read_text("utf-8")
TELLING = (DEPLOY / "compose.telling.yml").read_text("utf-8")
ROLES = (DEPLOY / "roles.sql").read_text("utf-8")

SERVICES: dict[str, dict[str, Any]] = YAML(typ="safe").load(COMPOSE)["services"]
OURS = {"intake", "workflow", "notifier"}
SECRET = re.compile(r"PASSWORD|KEY|SECRET|TOKEN")
# ${NAME}, ${NAME:-default} or ${NAME:?message}
SUBSTITUTION = re.compile(r"\$\{([A-Z_]+)(:[-?])?([^}]*)\}")


def environment(service: str) -> dict[str, str]:
    return {name: str(value) for name, value in SERVICES[service].get("environment", {}).items()}


def test_there_are_the_stores_the_jobs_and_the_three_services() -> None:
    assert SERVICES.keys() == {"postgres", "nats", "migrate", "roles"} | OURS


def test_every_setting_in_the_compose_file_is_one_that_amends_has() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    used = {name for service in SERVICES for name in environment(service) if name.startswith(PREFIX)}
    assert used, "the services are set up through the environment"
    assert used - known == set()
    assert set(re.findall(rf"{PREFIX}[A-Z_]+", COMPOSE + EXAMPLE)) - known == set()


def test_telling_people_is_opened_by_a_file_of_its_own_and_only_for_the_notifier() -> None:
    assert "edge" not in SERVICES["notifier"]["networks"]
    assert "AMENDS_WEBHOOKS" not in COMPOSE
    (name, notifier), *others = YAML(typ="safe").load(TELLING)["services"].items()
    assert (name, others, notifier["networks"]) == ("notifier", [], ["backend", "edge"])
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    assert set(re.findall(rf"{PREFIX}[A-Z_]+", TELLING)) - known == set()


def test_the_settings_that_the_services_get_are_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    for service in OURS:
        with monkeypatch.context() as patch:
            for name in [name for name in os.environ if name.startswith(PREFIX)]:
                patch.delenv(name)
            for name, value in environment(service).items():
                patch.setenv(name, SUBSTITUTION.sub(lambda m: m[3] if m[2] == ":-" else "secret", value))
            settings = Settings.load()
            assert settings.database_url is not None
            assert settings.database_url.startswith(f"postgresql://amends_{service}_login:secret@postgres")
            user = "relay" if service == "notifier" else service
            assert settings.nats_url == f"nats://{user}:secret@nats:4222"


def test_a_secret_is_required_and_has_no_default() -> None:
    secrets = {(name, kind) for name, kind, _ in SUBSTITUTION.findall(COMPOSE) if SECRET.search(name)}
    assert secrets
    assert {name for name, kind in secrets if kind != ":?"} == set()
    assert not re.search(r"(PASSWORD|SECRET|TOKEN): *['\"]?\w", COMPOSE)


def test_the_example_names_every_variable_and_gives_no_secret() -> None:
    substituted = {name for name, _, _ in SUBSTITUTION.findall(COMPOSE)}
    named = dict(re.findall(r"^(?:# )?([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))
    assert named.keys() == substituted
    assert {name: value for name, value in named.items() if SECRET.search(name) and value} == {}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_container_cannot_write_its_image_nor_gain_rights(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


def test_nothing_listens_beyond_this_machine() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(ports) == 3
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []
    assert "ports" not in SERVICES["postgres"]


def test_no_service_starts_before_the_schema_and_its_login_role_are_there() -> None:
    done = {"condition": "service_completed_successfully"}
    healthy = {"condition": "service_healthy"}
    assert SERVICES["migrate"]["depends_on"] == {"postgres": healthy}
    assert SERVICES["roles"]["depends_on"] == {"migrate": done}
    assert all(SERVICES[service]["depends_on"]["roles"] == done for service in OURS)


def test_intake_does_not_wait_for_the_broker() -> None:
    assert "nats" not in SERVICES["intake"]["depends_on"]


def test_whoever_is_waited_for_says_when_it_is_healthy() -> None:
    waited = {
        name
        for service in SERVICES.values()
        for name, wait in service.get("depends_on", {}).items()
        if wait["condition"] == "service_healthy"
    }
    assert waited == {"postgres", "nats"}
    assert [name for name in waited if "healthcheck" not in SERVICES[name]] == []


def test_the_data_of_postgres_18_is_mounted_where_its_image_keeps_it() -> None:
    assert SERVICES["postgres"]["image"] == "postgres:18"
    assert SERVICES["postgres"]["volumes"] == ["postgres:/var/lib/postgresql"]


def test_only_those_who_unseal_get_the_master_key() -> None:
    assert {name for name, service in SERVICES.items() if service.get("secrets")} == {"intake", "workflow"}


def test_the_key_store_is_shared_by_those_who_unseal_and_is_apart_from_the_database() -> None:
    kept = {environment(name).get("AMENDS_KEY_STORE") for name in ("intake", "workflow")}
    assert kept == {"/var/lib/amends/keys/customers.db"}
    mounted = {name for name, service in SERVICES.items() if "keys:/var/lib/amends/keys" in service.get("volumes", [])}
    assert mounted == {"intake", "workflow"}


def test_the_signing_key_is_the_workflows_alone_in_a_place_it_can_write_to() -> None:
    """Beside the key stands what was signed last."""
    assert environment("workflow")["AMENDS_SIGNING_KEY_FILE"] == "/var/lib/amends/signing/signing.key"
    mounted = {name for name, service in SERVICES.items() if "signing:" in str(service.get("volumes"))}
    assert mounted == {"workflow"}


def test_a_service_has_time_to_finish_what_it_began() -> None:
    for service in OURS:
        grace_seconds = float(SERVICES[service]["stop_grace_period"].removesuffix("s"))
        assert grace_seconds > Settings.model_fields["shutdown_seconds_max"].default


def test_the_compose_file_mounts_files_that_exist() -> None:
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", []) if mount.startswith("./")]
    assert len(mounts) == 3
    assert [mount for mount in mounts if not (ROOT / mount.partition(":")[0]).is_file()] == []


def test_every_service_is_asked_about_its_health_or_says_why_not() -> None:
    for service in OURS:
        asked = {f"{PREFIX}INTAKE_PORT", f"{PREFIX}WORKFLOW_PORT"} & environment(service).keys()
        assert len(asked) == (0 if SERVICES[service].get("healthcheck") == {"disable": True} else 1)


def nats_server() -> str:
    found = shutil.which("nats-server", path=str(Path(sys.executable).parent)) or shutil.which("nats-server")
    assert found is not None, "nats-server comes with the embedded extra"
    return found


def test_nats_takes_its_configuration_also_with_a_password_of_digits() -> None:
    given = {name: SUBSTITUTION.sub("1234567890", password) for name, password in environment("nats").items()}
    done = subprocess.run(
        [nats_server(), "-t", "-c", str(DEPLOY / "nats.conf")],
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("missing", sorted(environment("nats")))
def test_nats_does_not_start_without_the_password_of_a_user(missing: str) -> None:
    stripped = {name: "secret" for name in environment("nats") if name != missing}
    done = subprocess.run(
        [nats_server(), "-t", "-c", str(DEPLOY / "nats.conf")],
        env={"PATH": os.environ["PATH"], **stripped},
        capture_output=True,
        timeout=30,
    )
    assert done.returncode != 0


def test_nats_acknowledges_only_what_is_on_disk() -> None:
    settings = re.sub(r"#[^\n]*", "", (DEPLOY / "nats.conf").read_text("utf-8"))
    jetstream = re.search(r"jetstream \{(.*?)\}", settings, re.DOTALL)
    assert jetstream is not None
    assert re.search(r"^\s*sync_interval: always$", jetstream[1], re.MULTILINE)
    assert re.search(r'^\s*store_dir: "/data"$', jetstream[1], re.MULTILINE)
    assert "nats:/data" in SERVICES["nats"]["volumes"]


def test_each_login_role_belongs_to_the_role_of_its_service_and_none_owns_anything() -> None:
    statements = re.sub(r"--[^\n]*", "", ROLES)
    assert set(re.findall(r"\('(\w+)', :'(\w+)_password'", statements)) == {
        (service, service) for service in (*OURS, "auditor")
    }
    assert "NOSUPERUSER NOCREATEDB NOCREATEROLE" in statements
    assert not re.search(r"\b(OWNER|CREATEROLE(?<!NOCREATEROLE)|SUPERUSER(?<!NOSUPERUSER))\b", statements)
    assert not re.search(r"PASSWORD '[^%]", statements), "no password is written down"


def test_the_roles_job_is_given_every_password_that_the_script_asks_for() -> None:
    asked = set(re.findall(r"\\getenv \w+ (\w+)", ROLES))
    assert asked <= environment("roles").keys()
    assert len(asked) == 4
