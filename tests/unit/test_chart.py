"""The Helm chart, rendered for several ways to run it, is valid for Kubernetes and safe whatever was chosen."""

from __future__ import annotations

import functools
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import kubernetes_validate.utils
import pytest
import yaml

from amends_platform.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm" / "amends"
HELM = Path(sys.executable).parent / "helm"
# The oldest that the chart asks for, one between, and the newest that is known.
VERSIONS = ("1.27", "1.32", kubernetes_validate.latest_version())
# Of operators: their schemas are not Kubernetes'.
FOREIGN = {"PodMonitor", "PrometheusRule"}
SERVICES = {"intake", "workflow", "notifier"}

NEEDED = {
    "database.host": "pg-rw",
    "database.owner.secret": "pg-app",
    "nats.url": "nats://amends-nats:4222",
    "keys.masterKeySecret": "amends-master-key",
}
EVERYTHING = NEEDED | {
    "image.digest": "sha256:" + "a" * 64,
    "database.caSecret": "pg-ca",
    "nats.url": "tls://a:4222\\,tls://b:4223",
    "nats.authentication": "credentials",
    "nats.caSecret": "nats-ca",
    "nats.replicas": "3",
    "policyConfigMap": "our-policy",
    "oidcConfigMap": "our-provider",
    "oidcClientSecret": "our-client",
    "settings.AMENDS_RATE_LIMIT": "500/s",
    "intake.autoscaling.enabled": "true",
    "notifier.telling.secret": "telling",
    "notifier.telling.webhooks": "true",
    "notifier.telling.digest": "true",
    "notifier.telling.smtpUrl": "smtps://desk@mail.example.com",
    "ingress.enabled": "true",
    "ingress.className": "nginx",
    "ingress.intakeHost": "intake.example.com",
    "ingress.consoleHost": "desk.example.com",
    "ingress.tlsSecret": "desk-tls",
    "networkPolicy.clients[0].namespaceSelector.matchLabels.name": "ingress",
    "networkPolicy.monitoring[0].namespaceSelector.matchLabels.name": "monitoring",
    "networkPolicy.database[0].podSelector.matchLabels.app": "pg",
    "monitoring.podMonitor": "true",
    "monitoring.rules": "true",
}
LITTLE = NEEDED | {
    "networkPolicy.enabled": "false",
    "database.makeLogins": "false",
    "database.sslmode": "disable",
    "keys.store.existingClaim": "ours",
    "keys.signing.existingClaim": "ours-too",
}
WAYS = {"needed": NEEDED, "everything": EVERYTHING, "little": LITTLE}

pytestmark = pytest.mark.skipif(not HELM.exists(), reason="helm has no wheel for this machine")


def helm(values: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    given = [f"--set={name}={value}" for name, value in values.items()]
    return subprocess.run([HELM, *command, *given], capture_output=True, text=True, timeout=60)


@functools.cache
def rendered(way: str) -> list[dict[str, Any]]:
    done = helm(WAYS[way], "template", "desk", str(CHART), "--namespace", "amends")
    assert done.returncode == 0, done.stderr
    return [each for each in yaml.load_all(done.stdout, yaml.CSafeLoader) if each]


def objects(way: str, *kinds: str) -> dict[str, dict[str, Any]]:
    """Those of the kinds, by their names without that of the release."""
    return {
        each["metadata"]["name"].removeprefix("desk-amends-"): each for each in rendered(way) if each["kind"] in kinds
    }


def pods(way: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, each in objects(way, "Deployment", "Job").items():
        yield name, each["spec"]["template"]


def environment(pod: dict[str, Any]) -> dict[str, str]:
    (container,) = pod["spec"]["containers"]
    return {each["name"]: each["value"] for each in container.get("env", [])}


@pytest.fixture(scope="module", autouse=True)
def schemas_read_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        read = functools.cache(kubernetes_validate.utils.schema_contents)
        patch.setattr(kubernetes_validate.utils, "schema_contents", read)
        yield


@pytest.mark.parametrize("way", WAYS)
def test_what_is_rendered_is_valid_for_every_kubernetes(way: str) -> None:
    for each in rendered(way):
        if each["kind"] not in FOREIGN:
            for version in VERSIONS:
                kubernetes_validate.validate(each, version, strict=True)


def test_the_linter_has_nothing_to_say() -> None:
    done = helm(EVERYTHING, "lint", "--strict", "--quiet", str(CHART))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({name: value for name, value in NEEDED.items() if name != "database.host"}, "database.host"),
        ({name: value for name, value in NEEDED.items() if name != "database.owner.secret"}, "database.owner.secret"),
        ({name: value for name, value in NEEDED.items() if name != "nats.url"}, "nats.url"),
        ({name: value for name, value in NEEDED.items() if name != "keys.masterKeySecret"}, "keys.masterKeySecret"),
        (NEEDED | {"intake.replica": "2"}, "replica"),
        (NEEDED | {"nats.url": "nats://relay:secret@nats:4222"}, "url"),
        (NEEDED | {"settings.AMENDS_API_KEY": "amends_1"}, "AMENDS_API_KEY"),
        (NEEDED | {"notifier.telling.smtpUrl": "smtp://a:b@mail.example.com"}, "smtpUrl"),
        (NEEDED | {"notifier.telling.webhooks": "true"}, "telling"),
        (NEEDED | {"keys.store.accessMode": "ReadWriteMany"}, "accessMode"),
    ],
)
def test_what_is_missing_misspelt_or_a_secret_is_refused_by_its_name(values: dict[str, str], said: str) -> None:
    done = helm(values, "template", "desk", str(CHART))
    assert done.returncode != 0
    assert said in done.stderr


@pytest.mark.parametrize("way", WAYS)
def test_no_container_can_do_more_than_its_work(way: str) -> None:
    for name, pod in pods(way):
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] == 10001
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & spec.keys()
        for container in spec["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "privileged": False,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["limits"]["memory"]
            assert container["resources"]["requests"].keys() == {"cpu", "memory"}
        assert not any("hostPath" in volume for volume in spec["volumes"])


@pytest.mark.parametrize("way", WAYS)
def test_a_neighbours_port_is_not_taken_for_a_setting(way: str) -> None:
    """Kubernetes would set AMENDS_INTAKE_PORT to tcp://… for a service of the name `amends-intake`."""
    assert all(pod["spec"]["enableServiceLinks"] is False for _, pod in pods(way))


@pytest.mark.parametrize("way", WAYS)
def test_secrets_come_as_files_and_none_is_in_an_environment(way: str) -> None:
    for name, pod in pods(way):
        (container,) = pod["spec"]["containers"]
        assert not any("valueFrom" in each for each in container.get("env", [])), name
        assert "envFrom" not in container
        for variable, value in environment(pod).items():
            assert variable.endswith("_FILE") or "PASSWORD" not in variable
            assert not re.search(r"://[^/@]*:[^/@]*@", value)


@pytest.mark.parametrize("way", WAYS)
def test_every_setting_is_one_that_amends_has_and_those_of_a_service_are_valid(
    way: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("secret")
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name, pod in pods(way):
        given = {each: value for each, value in environment(pod).items() if each.startswith(PREFIX)}
        assert given.keys() - known == set()
        if name in SERVICES:
            with monkeypatch.context() as patch:
                for each, value in given.items():
                    patch.setenv(each, str(tmp_path / "password") if each.endswith("PASSWORD_FILE") else value)
                settings = Settings.load()
            assert str(settings.database_url).startswith(f"postgresql://amends_{name}_login:secret@pg-rw:5432/amends?")
            assert f"AMENDS_{name.upper()}_PORT" in given


@pytest.mark.parametrize("way", WAYS)
def test_everything_that_is_mounted_is_a_volume_and_every_file_that_is_named_is_mounted(way: str) -> None:
    for name, pod in pods(way):
        (container,) = pod["spec"]["containers"]
        mounts = container["volumeMounts"]
        assert {mount["name"] for mount in mounts} == {volume["name"] for volume in pod["spec"]["volumes"]}, name
        paths = [mount["mountPath"] for mount in mounts]
        files = [each for each in environment(pod).values() if each.startswith(("/etc/amends", "/var/lib"))]
        assert [each for each in files if not each.startswith(tuple(f"{path}/" for path in paths))] == []


@pytest.mark.parametrize("way", WAYS)
def test_whoever_opens_the_key_store_is_on_one_node(way: str) -> None:
    """It is an SQLite file: its locks, and the memory that its write-ahead log is shared by, are of one kernel."""
    holders = {
        name
        for name, pod in pods(way)
        if any(volume["name"] in ("key-store", "signing") for volume in pod["spec"]["volumes"])
    }
    assert holders == {"intake", "workflow", "owner"}
    for name, pod in pods(way):
        if name in holders:
            (term,) = pod["spec"]["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
            wanted = term["labelSelector"]["matchLabels"]
            assert term["topologyKey"] == "kubernetes.io/hostname"
            # It matches itself: so the first one may be anywhere.
            assert wanted.items() <= pod["metadata"]["labels"].items()
    for claim in objects(way, "PersistentVolumeClaim").values():
        assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
        assert claim["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


@pytest.mark.parametrize("way", WAYS)
def test_the_signing_key_is_the_workflows_and_the_master_key_is_of_those_who_unseal(way: str) -> None:
    having = {name: {volume["name"] for volume in pod["spec"]["volumes"]} for name, pod in pods(way)}
    assert {name for name, volumes in having.items() if "signing" in volumes} == {"workflow"}
    assert {name for name, volumes in having.items() if "master-key" in volumes} == {"intake", "workflow", "owner"}


def test_people_who_sign_in_elsewhere_are_known_where_they_are_asked_for() -> None:
    known = {name for name, pod in pods("everything") if "AMENDS_OIDC" in environment(pod)}
    assert known == {"intake", "workflow"}
    volumes = {name: {volume["name"] for volume in pod["spec"]["volumes"]} for name, pod in pods("everything")}
    assert {name for name, mounted in volumes.items() if "identity-client" in mounted} == {"workflow"}


def test_each_pod_gets_its_own_password_and_no_others() -> None:
    for name, pod in pods("everything"):
        if name in (*SERVICES, "owner"):
            secrets = {volume["name"]: volume["secret"] for volume in pod["spec"]["volumes"] if "secret" in volume}
            assert secrets["database"]["items"] == [
                {"key": "password" if name == "owner" else name, "path": "password"}
            ]
            user = {"notifier": "relay", "owner": "operator"}.get(name, name)
            assert secrets["nats"]["items"] == [{"key": f"{user}.creds", "path": "credentials"}]


@pytest.mark.parametrize("way", WAYS)
def test_every_service_may_be_disrupted_and_none_holds_up_a_drain(way: str) -> None:
    budgets = {name: each["spec"] for name, each in objects(way, "PodDisruptionBudget").items()}
    assert budgets.keys() == SERVICES
    # A pod that may be only where the others are has no place to go to while they stay.
    assert {name: budget["maxUnavailable"] for name, budget in budgets.items()} == {
        "intake": "100%",
        "workflow": "100%",
        "notifier": 1,
    }
    for name, budget in budgets.items():
        assert budget["selector"] == objects(way, "Deployment")[name]["spec"]["selector"]


@pytest.mark.parametrize("way", ["needed", "everything"])
def test_every_pod_is_walled_in(way: str) -> None:
    policies = {name: each["spec"] for name, each in objects(way, "NetworkPolicy").items()}
    everything = policies.pop("nothing")
    assert everything["policyTypes"] == ["Ingress", "Egress"]
    assert not {"ingress", "egress"} & everything.keys()
    for _, pod in pods(way):
        labels = pod["metadata"]["labels"].items()
        assert everything["podSelector"]["matchLabels"].items() <= labels
        assert len([each for each in policies.values() if each["podSelector"]["matchLabels"].items() <= labels]) == 1
    for policy in policies.values():
        assert policy["policyTypes"] == ["Ingress", "Egress"]
        assert all(rule["ports"] for rule in policy["egress"]), "nobody reaches everything"


def test_without_a_word_nobody_reaches_a_service_but_the_console_its_intake_and_the_owner_both() -> None:
    policies = {name: each["spec"] for name, each in objects("needed", "NetworkPolicy").items()}
    let_in: dict[str, list[str]] = {}
    for name, policy in policies.items():
        for rule in policy.get("ingress", []):
            assert all(peer.keys() == {"podSelector"} for peer in rule["from"]), "of this namespace"
            labels = [peer["podSelector"]["matchLabels"] for peer in rule["from"]]
            let_in[name] = [each["app.kubernetes.io/component"] for each in labels]
    assert let_in == {"intake": ["workflow", "owner"], "workflow": ["owner"]}


@pytest.mark.parametrize(
    ("name", "ports"),
    [
        ("intake", {53, 5432, 4222, 4223}),
        ("workflow", {53, 5432, 4222, 4223, 8081}),
        ("notifier", {53, 5432, 4222, 4223}),
        ("owner", {53, 5432, 4222, 4223, 8081, 8082}),
        ("migrate", {53, 5432}),
    ],
)
def test_a_pod_reaches_what_it_needs(name: str, ports: set[int]) -> None:
    egress = objects("everything", "NetworkPolicy")[name]["spec"]["egress"]
    assert {port["port"] for rule in egress for port in rule["ports"]} == ports


@pytest.mark.parametrize("way", WAYS)
def test_a_pod_has_time_to_drain_and_to_finish(way: str) -> None:
    for name, pod in pods(way):
        if name in SERVICES:
            given = environment(pod)
            taken = float(given["AMENDS_DRAIN_SECONDS"]) + float(given["AMENDS_SHUTDOWN_SECONDS_MAX"])
            assert pod["spec"]["terminationGracePeriodSeconds"] >= taken + 10
            assert float(given["AMENDS_DRAIN_SECONDS"]) > 0


@pytest.mark.parametrize("way", WAYS)
def test_each_service_is_probed_and_not_started_anew_while_it_starts(way: str) -> None:
    for name, pod in pods(way):
        if name in SERVICES:
            (container,) = pod["spec"]["containers"]
            paths = {probe: container[probe]["httpGet"]["path"] for probe in container if probe.endswith("Probe")}
            assert paths == {"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/readyz"}


@pytest.mark.parametrize("way", WAYS)
def test_the_schema_comes_first_then_the_logins_and_then_the_services(way: str) -> None:
    hooks = {
        f"{each['kind']}/{each['metadata']['name'].removeprefix('desk-amends-')}": int(notes["helm.sh/hook-weight"])
        for each in rendered(way)
        if (notes := each["metadata"].get("annotations", {})).get("helm.sh/hook") == "pre-install,pre-upgrade"
    }
    assert hooks.keys() == {"ServiceAccount/migrate", "Job/migrate"} | (
        set() if way == "little" else {"NetworkPolicy/migrate", "ConfigMap/roles", "Job/roles"}
    )
    jobs = {name: weight for name, weight in hooks.items() if name.startswith("Job/")}
    assert max(weight for name, weight in hooks.items() if name not in jobs) < min(jobs.values())
    assert sorted(jobs, key=lambda name: jobs[name]) == sorted(jobs)


def test_the_values_of_the_example_are_taken() -> None:
    values = ROOT / "deploy" / "helm" / "examples" / "amends-values.yaml"
    done = subprocess.run([HELM, "template", "amends", CHART, "-f", values], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    policies = [each for each in yaml.load_all(done.stdout, yaml.CSafeLoader) if each["kind"] == "NetworkPolicy"]
    rules = [rule for each in policies for rule in each["spec"].get("egress", [])]
    assert rules
    assert all("to" in rule for rule in rules), "each peer is named"


@pytest.mark.parametrize("kept", ["roles.sql", "prometheus/alerts.yaml"])
def test_the_files_in_the_chart_are_those_of_the_house(kept: str) -> None:
    """A chart reads nothing beside itself."""
    assert (CHART / "files" / Path(kept).name).read_bytes() == (ROOT / "deploy" / kept).read_bytes()


def test_every_alert_rule_is_given_to_the_operator_as_it_is() -> None:
    (rules,) = objects("everything", "PrometheusRule").values()
    assert rules["spec"] == yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yaml").read_text("utf-8"))


def test_metrics_are_told_by_the_jobs_that_the_rules_ask_for() -> None:
    (monitor,) = objects("everything", "PodMonitor").values()
    ((rule,),) = [each["relabelings"] for each in monitor["spec"]["podMetricsEndpoints"]]
    assert (rule["targetLabel"], rule["replacement"]) == ("job", "amends-$1")
    components = {pod["metadata"]["labels"]["app.kubernetes.io/component"] for _, pod in pods("everything")}
    assert components >= SERVICES


def test_names_are_short_enough_whatever_the_release_is_called() -> None:
    done = helm(EVERYTHING, "template", "a" * 53, str(CHART))
    names = [each["metadata"]["name"] for each in yaml.load_all(done.stdout, yaml.CSafeLoader) if each]
    assert names
    assert max(map(len, names)) <= 63
