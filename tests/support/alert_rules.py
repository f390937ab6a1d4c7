"""The alert rules, and the index of runbooks that is made from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy" / "prometheus" / "alerts.yaml"
RUNBOOKS = ROOT / "docs" / "runbooks"

# What is come to from another page, or from a line of a log.
WITHOUT_ALERT = (
    "database-failover",
    "disk-full",
    "key-store",
    "log-hole",
    "nats-cluster",
    "poison-event",
    "scaling",
)

_ABOUT = """\
Made from `deploy/prometheus/alerts.yaml` by `make docs`; do not edit. Each page: what it means, what people notice, how
to look, what to do, when to call somebody. The commands are for a shell that has the settings of the services, with the
`AMENDS_DATABASE_URL` of the owner of the database. `INTAKE` and `WORKFLOW` are the addresses of the services; `nats` is
the command-line tool of NATS, as the user `operator`. Beside `docker-compose.yml`:

- `amends COMMAND` is `docker compose run --rm owner COMMAND`, with `-e AMENDS_API_KEY=…` before `owner` where it asks a
  service (`cases`, `show`, `report`);
- `psql "$AMENDS_DATABASE_URL"` is `docker compose exec postgres psql -U amends amends`;
- the notifier's port is open to its neighbours only: `docker compose exec notifier python -c
  "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8083/metrics').read().decode())"`."""


class Alert(NamedTuple):
    name: str
    expression: str
    severity: str
    summary: str
    runbook: str


def alerts() -> list[Alert]:
    """Every alert, in the order of the file."""
    document: dict[str, Any] = YAML(typ="safe").load(RULES.read_text("utf-8"))
    return [
        Alert(
            rule["alert"],
            rule["expr"].strip(),
            rule["labels"]["severity"],
            rule["annotations"]["summary"],
            rule["annotations"]["runbook_url"],
        )
        for group in document["groups"]
        for rule in group["rules"]
    ]


def index() -> str:
    """docs/runbooks/README.md."""
    rows = [
        f"| {alert.name} | {alert.severity} | [{_title(Path(alert.runbook).stem)}]({Path(alert.runbook).name}) |"
        for alert in alerts()
    ]
    others = [f"- [{_title(name)}]({name}.md)" for name in WITHOUT_ALERT]
    return "\n".join(
        [
            "# Runbooks",
            "",
            _ABOUT,
            "",
            "| alert | severity | runbook |",
            "| --- | --- | --- |",
            *rows,
            "",
            "Besides, where a log line or another page leads to:",
            "",
            *others,
            "",
        ]
    )


def _title(name: str) -> str:
    return (RUNBOOKS / f"{name}.md").read_text("utf-8").partition("\n")[0].removeprefix("# ")
