"""What can be known of the compose files without a container engine: that they are whole, and safe by default."""

from __future__ import annotations

import ipaddress
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ruamel.yaml import YAML

from amends_platform.settings import PREFIX, Settings
from tests.support.compose import Unset, composed, variables

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = ROOT / "docker-compose.yml"
EXAMPLE = (DEPLOY / "env.example").read_text("utf-8")
ROLES = (DEPLOY / "roles.sql").read_text("utf-8")
OVERLAYS = sorted(DEPLOY.glob("compose.*.yml"))

GIVEN = {"SECRETS_DIR": "/secrets"}
OF_OVERLAYS = {
    "SMTP_URL": "smtps://desk@mail.example.com",
    "TELLING_DIR": "/telling",
    "TLS_DIR": "/tls",
    "OIDC_FILE": "/oidc.yaml",
    "INTAKE_NAME": "intake.example.com",
    "CONSOLE_NAME": "desk.example.com",
}
WHOLE = composed([COMPOSE], GIVEN)
# The one of a profile is nobody until a person runs a command in it.
OWNER: dict[str, Any] = WHOLE["services"]["owner"]
SERVICES: dict[str, dict[str, Any]] = {name: each for name, each in WHOLE["services"].items() if each is not OWNER}
EVERYTHING = composed([COMPOSE, *OVERLAYS], GIVEN | OF_OVERLAYS)
OURS = {"intake", "workflow", "notifier"}


def environment(service: str, of: dict[str, Any] = WHOLE) -> dict[str, str]:
    return {name: str(value) for name, value in of["services"][service].get("environment", {}).items()}


def test_there_are_the_stores_the_jobs_and_the_three_services() -> None:
    assert SERVICES.keys() == {"postgres", "nats", "migrate", "roles"} | OURS


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda overlay: overlay.stem)
def test_each_overlay_is_valid_by_itself_on_top_of_the_others_file(overlay: Path) -> None:
    """Held to the schema of the Compose Specification, like all together above."""
    laid = composed([COMPOSE, overlay], GIVEN | OF_OVERLAYS)
    assert laid["services"].keys() >= WHOLE["services"].keys()
    assert f"-f deploy/{overlay.name}" in overlay.read_text("utf-8")


@pytest.mark.parametrize("file", sorted(DEPLOY.rglob("*.y*ml")), ids=lambda file: str(file.relative_to(DEPLOY)))
def test_every_yaml_file_can_be_read_and_says_nothing_twice(file: Path) -> None:
    if "templates" not in file.parts:
        assert list(YAML(typ="safe").load_all(file.read_text("utf-8")))


def test_every_setting_in_the_compose_files_is_one_that_amends_has() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    used = {name for service in EVERYTHING["services"] for name in environment(service, EVERYTHING) if PREFIX in name}
    assert used, "the services are set up through the environment"
    assert used - known == set()
    texts = [file.read_text("utf-8") for file in (COMPOSE, *OVERLAYS)]
    assert set(re.findall(rf"{PREFIX}[A-Z_]+", "".join(texts) + EXAMPLE)) - known == set()


def test_telling_people_is_opened_by_a_file_of_its_own_and_only_for_the_notifier() -> None:
    assert "edge" not in SERVICES["notifier"]["networks"]
    assert "AMENDS_WEBHOOKS" not in environment("notifier")
    told = composed([COMPOSE, DEPLOY / "compose.telling.yml"], GIVEN | OF_OVERLAYS)
    changed = {name for name, service in told["services"].items() if service != WHOLE["services"][name]}
    assert changed == {"notifier"}
    assert told["services"]["notifier"]["networks"].keys() == {"database", "broker", "edge"}


@pytest.mark.parametrize("whole", [WHOLE, EVERYTHING], ids=["alone", "everything"])
def test_the_settings_that_the_services_get_are_valid(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, whole: dict[str, Any]
) -> None:
    (tmp_path / "password").write_text("secret\n")
    for service in OURS:
        with monkeypatch.context() as patch:
            for name in [name for name in os.environ if name.startswith(PREFIX)]:
                patch.delenv(name)
            for name, value in environment(service, whole).items():
                patch.setenv(name, str(tmp_path / "password") if name.endswith("PASSWORD_FILE") else value)
            settings = Settings.load()
            assert settings.database_url is not None
            assert settings.database_url.startswith(f"postgresql://amends_{service}_login:secret@postgres")
            user = "relay" if service == "notifier" else service
            assert settings.nats_url == f"nats://{user}:secret@nats:4222"


@pytest.mark.parametrize("whole", [WHOLE, EVERYTHING], ids=["alone", "everything"])
def test_no_secret_is_in_an_environment(whole: dict[str, Any]) -> None:
    for service in whole["services"]:
        for name, value in environment(service, whole).items():
            assert name.endswith("_FILE") or not re.search(r"PASSWORD|SECRET|TOKEN|API_KEY", name), name
            assert not re.search(r"://[^/@]*:[^/@]*@", value), "a URL names a user at most"


def test_each_container_is_given_the_secrets_that_it_names_and_no_others() -> None:
    for name, service in WHOLE["services"].items():
        named = {value.removeprefix("/run/secrets/") for value in environment(name).values() if "/run/secrets" in value}
        # That one is read by the script that starts it.
        if name == "nats":
            named |= {f"nats_{each}_password" for each in ("intake", "workflow", "relay", "operator", "reader")}
        assert set(service.get("secrets", [])) == named | ({"postgres_password"} if name == "roles" else set()), name


def test_secrets_are_made_once_and_never_changed(tmp_path: Path) -> None:
    command = ["sh", str(DEPLOY / "secrets.sh"), str(tmp_path / "made")]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    made = {file.name: file.read_text() for file in (tmp_path / "made").iterdir()}
    assert made.keys() == {Path(secret["file"]).name for secret in EVERYTHING["secrets"].values()}
    assert len(set(made.values())) == len(made)
    assert {name: value for name, value in made.items() if not re.fullmatch(r"p[0-9a-f]{48}|[0-9a-f]{64}", value)} == {}
    assert len(made["master.key"]) == 64
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o700
    (tmp_path / "made" / "nats_relay_password").unlink()
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    again = {file.name: file.read_text() for file in (tmp_path / "made").iterdir()}
    assert {name for name in again if again[name] != made[name]} == {"nats_relay_password"}


def test_nothing_is_started_where_a_variable_is_missing() -> None:
    with pytest.raises(Unset, match="SECRETS_DIR"):
        composed([COMPOSE], {})
    for name in OF_OVERLAYS:
        with pytest.raises(Unset, match=name):
            composed([COMPOSE, *OVERLAYS], {**GIVEN, **OF_OVERLAYS, name: ""})


def test_the_example_names_every_variable_and_gives_no_secret() -> None:
    named = dict(re.findall(r"^(?:# )?([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))
    assert named.keys() == variables(COMPOSE)
    assert {name for name in named if re.search(r"PASSWORD|KEY", name)} == set()


@pytest.mark.parametrize("name", sorted(EVERYTHING["services"]))
def test_a_container_cannot_write_its_image_nor_gain_rights_nor_take_all_memory(name: str) -> None:
    service = EVERYTHING["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "proxy" else [])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "pid", "ipc", "network_mode"} & service.keys()
    assert service["deploy"]["resources"]["limits"].keys() >= {"memory", "pids"}


def test_nothing_listens_beyond_this_machine() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(ports) == 3
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []
    assert "ports" not in SERVICES["postgres"]


def test_with_the_proxy_only_that_one_does_and_what_it_says_of_clients_is_believed() -> None:
    laid = composed([COMPOSE, DEPLOY / "compose.tls.yml"], GIVEN | OF_OVERLAYS)
    open_to_all = {
        name
        for name, service in laid["services"].items()
        if any(not port.startswith("127.0.0.1:") for port in service.get("ports", []))
    }
    assert open_to_all == {"proxy"}
    address = laid["services"]["proxy"]["networks"]["proxied"]["ipv4_address"]
    for name in ("intake", "workflow"):
        assert environment(name, laid)["AMENDS_TRUSTED_PROXIES"] == address
        # It comes by that address and by no other.
        assert laid["services"][name]["networks"].keys() & laid["services"]["proxy"]["networks"].keys() == {"proxied"}
    caddyfile = (DEPLOY / "proxy" / "Caddyfile").read_text("utf-8")
    # It would be offered by UDP, which is not published.
    assert "protocols h1 h2\n" in caddyfile
    assert "path /metrics /livez /readyz" in caddyfile
    assert caddyfile.count("import amends") == 2


def test_an_address_of_one_s_own_is_never_given_to_who_starts_earlier() -> None:
    """An engine gives out the first free one: the proxy, which starts last, found its own taken."""
    kept = 0
    for name, network in EVERYTHING["networks"].items():
        for pool in ((network or {}).get("ipam") or {}).get("config", []):
            own = {
                ipaddress.ip_address(service["networks"][name]["ipv4_address"])
                for service in EVERYTHING["services"].values()
                if (service["networks"].get(name) or {}).get("ipv4_address")
            }
            given_out = ipaddress.ip_network(pool["ip_range"])
            assert {address for address in own if address in given_out} == set()
            assert own <= set(ipaddress.ip_network(pool["subnet"]).hosts())
            kept += len(own)
    assert kept == 1


def test_what_is_watched_is_reached_where_it_listens() -> None:
    """By the jobs' names, which the alert rules and the dashboards go by."""
    watched = composed([COMPOSE, DEPLOY / "compose.observability.yml"], GIVEN)["services"]
    scraped = yaml.safe_load((DEPLOY / "prometheus" / "scrape.example.yaml").read_text("utf-8"))["scrape_configs"]
    for job in scraped:
        ((target,),) = [each["targets"] for each in job["static_configs"]]
        name, _, port = target.partition(":")
        assert job["job_name"] == f"amends-{name}"
        assert watched[name]["environment"][f"AMENDS_{name.upper()}_PORT"] == port
        assert {"watching"} <= watched[name]["networks"].keys() & watched["prometheus"]["networks"].keys()
        assert watched[name]["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://traces:4318"
    assert {job["job_name"] for job in scraped} == {f"amends-{name}" for name in OURS}


def test_only_those_who_have_to_have_a_way_out() -> None:
    networks = {name: set(service["networks"]) for name, service in SERVICES.items()}
    assert {name for name, network in WHOLE["networks"].items() if not (network or {}).get("internal")} == {"edge"}
    assert {name for name in networks if "edge" in networks[name]} == {"nats", "intake", "workflow"}
    assert {name for name in networks if "database" in networks[name]} == {"postgres", "migrate", "roles"} | OURS
    assert {name for name in networks if "broker" in networks[name]} == {"nats"} | OURS


def test_no_service_starts_before_the_schema_and_its_login_role_are_there() -> None:
    done = {"condition": "service_completed_successfully"}
    healthy = {"condition": "service_healthy"}
    assert SERVICES["migrate"]["depends_on"] == {"postgres": healthy}
    assert SERVICES["roles"]["depends_on"] == {"migrate": done}
    assert all(SERVICES[service]["depends_on"]["roles"] == done for service in OURS)


def test_who_runs_the_system_has_a_container_of_their_own_that_is_not_there_until_it_is_asked_for() -> None:
    """For `amends doctor` and the like, which look at everything."""
    assert OWNER["profiles"] == ["owner"]
    assert not {"restart", "ports", "depends_on"} & OWNER.keys()
    assert OWNER["networks"].keys() == {"database", "broker"}
    assert set(OWNER["volumes"]) == {"keys:/var/lib/amends/keys", "signing:/var/lib/amends/signing"}
    given = environment("owner")
    same_as = {"AMENDS_MASTER_KEY_FILE", "AMENDS_KEY_STORE", "AMENDS_SIGNING_KEY_FILE", "AMENDS_TENANT"}
    assert {name: given[name] for name in same_as} == {name: environment("workflow")[name] for name in same_as}
    for name in ("intake", "workflow"):
        port = environment(name)[f"AMENDS_{name.upper()}_PORT"]
        assert given[f"AMENDS_{name.upper()}_URL"] == f"http://{name}:{port}"


def test_intake_does_not_wait_for_the_broker() -> None:
    assert "nats" not in SERVICES["intake"]["depends_on"]


def test_every_container_that_stays_says_whether_it_is_well() -> None:
    """Ours by the image's own check, which asks the service that the command names at its port."""
    for name, service in EVERYTHING["services"].items():
        if name in OURS:
            assert "healthcheck" not in service
            assert f"AMENDS_{name.upper()}_PORT" in environment(name, EVERYTHING)
        elif name == "traces":
            assert service["healthcheck"] == {"disable": True}, "its image has nothing to ask it with"
        elif service.get("restart") == "unless-stopped":
            assert service["healthcheck"]["test"], name
        else:
            assert name in {"migrate", "roles", "owner"}, "a job"
    assert all(SERVICES[name]["restart"] == "unless-stopped" for name in OURS | {"postgres", "nats"})


def test_the_data_of_postgres_18_is_mounted_where_its_image_keeps_it() -> None:
    assert SERVICES["postgres"]["image"] == "postgres:18"
    assert SERVICES["postgres"]["volumes"] == ["postgres:/var/lib/postgresql"]


def test_only_those_who_unseal_get_the_master_key() -> None:
    assert {name for name, service in SERVICES.items() if "master_key" in service.get("secrets", [])} == {
        "intake",
        "workflow",
    }


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


def test_the_compose_files_mount_files_that_exist() -> None:
    mounts = {
        mount.partition(":")[0]
        for service in EVERYTHING["services"].values()
        for mount in service.get("volumes", [])
        if mount.startswith("./")
    }
    assert mounts >= {"./deploy/roles.sql", "./deploy/nats.conf", "./deploy/nats-users.conf", "./deploy/nats-start.sh"}
    assert [mount for mount in mounts if not (ROOT / mount).exists()] == []


def nats_server() -> str:
    found = shutil.which("nats-server", path=str(Path(sys.executable).parent)) or shutil.which("nats-server")
    assert found is not None, "nats-server comes with the embedded extra"
    return found


NATS_USERS = ("intake", "workflow", "relay", "operator", "reader")


def start_nats(directory: Path, *users: str) -> subprocess.CompletedProcess[str]:
    """By the script of its container, with passwords of digits; the server only looks at what it is told."""
    for user in users:
        (directory / f"nats_{user}_password").write_text("1234567890\n")
    (directory / "nats-server").write_text(f"#!/bin/sh\nexec {nats_server()} -t -c {DEPLOY / 'nats.conf'}\n")
    (directory / "nats-server").chmod(0o755)
    return subprocess.run(
        ["sh", str(DEPLOY / "nats-start.sh")],
        env={"PATH": f"{directory}:/usr/bin:/bin", "NATS_SECRETS_DIR": str(directory)},
        capture_output=True,
        text=True,
        timeout=30,
    )


def test_nats_takes_its_configuration_also_with_passwords_of_digits(tmp_path: Path) -> None:
    done = start_nats(tmp_path, *NATS_USERS)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("missing", NATS_USERS)
def test_nats_does_not_start_without_the_password_of_a_user(tmp_path: Path, missing: str) -> None:
    assert start_nats(tmp_path, *(user for user in NATS_USERS if user != missing)).returncode != 0


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
    assert "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS" in statements
    assert not re.search(r"\b(OWNER|CREATEROLE(?<!NOCREATEROLE)|SUPERUSER(?<!NOSUPERUSER))\b", statements)
    assert not re.search(r"PASSWORD '[^%]", statements), "no password is written down"


def test_the_roles_job_is_given_every_password_that_the_script_asks_for() -> None:
    asked = set(re.findall(r"\\getenv \w+_file (\w+)", ROLES))
    assert asked <= environment("roles").keys()
    assert len(asked) == 4
