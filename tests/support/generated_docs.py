"""What the documentation takes from the code: `make docs` writes it, and a test fails when a copy is stale."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

from fastapi import FastAPI

from amends_domain.case import CLOSED, INCIDENT, KINDS, Status
from amends_domain.transitions import TRANSITIONS, Needs
from amends_intake.app import create_app as create_intake
from amends_notifier.asyncapi import asyncapi_text
from amends_platform.contract.problems_page import problems_page
from amends_platform.settings import Settings
from amends_workflow.app import create_app as create_workflow
from tests.support import alert_rules, dashboards, metrics
from tests.support.access_page import access_page
from tests.support.client_code import methods, models
from tests.support.configuration import configuration, readme_table
from tests.support.contract import Service, document
from tests.support.glossary import glossary

_SETTINGS_BEGIN = "<!-- settings: made by `make docs` -->"
_SETTINGS_END = "<!-- end of settings -->"
_METRICS_BEGIN = "<!-- metrics: made by `make docs` -->"
_METRICS_END = "<!-- end of metrics -->"
ROOT = Path(__file__).resolve().parents[2]
# An app describes itself without a database; it only has to be told of one.
_SETTINGS = Settings(database_url="postgresql://amends@localhost/amends", nats_url=None)


def _openapi(create_app: Callable[..., FastAPI]) -> str:
    return json.dumps(create_app(_SETTINGS, provider=None).openapi(), indent=2, ensure_ascii=False) + "\n"


def states() -> str:
    """The life cycle as a diagram and a table."""
    lines = [
        "# The life of a case",
        "",
        "Made from `shared/amends_domain/transitions.py` by `make docs`; do not edit.",
        "",
        "```mermaid",
        "stateDiagram-v2",
        "    [*] --> received: receive",
    ]
    rows = []
    for name, rule in TRANSITIONS.items():
        where = [status for status in Status if status in rule.allowed_from]
        condition = "" if rule.needs is Needs.NOTHING else f" ({rule.needs.value})"
        rows.append(
            f"| {name} | {', '.join(where)}{condition} | {rule.leads_to or 'stays'} |"
            f" {', '.join(kind for kind in (*KINDS, INCIDENT) if kind in rule.kinds)} |"
        )
        if rule.leads_to is not None:
            lines += [f"    {_node(status)} --> {_node(rule.leads_to)}: {name}{condition}" for status in where]
    lines += [f"    {_node(status)} --> [*]" for status in Status if status in CLOSED]
    lines += ["```", "", "| command | allowed from | leads to | for |", "| --- | --- | --- | --- |", *rows, ""]
    return "\n".join(lines)


def _node(status: Status) -> str:
    return status.value.replace("-", "_")


def readme() -> str:
    """The README with the table of the settings that everybody meets."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    before, _, rest = text.partition(_SETTINGS_BEGIN)
    _, _, after = rest.partition(_SETTINGS_END)
    return f"{before}{_SETTINGS_BEGIN}\n{readme_table()}\n{_SETTINGS_END}{after}"


def telemetry() -> str:
    """docs/telemetry.md with the table of metrics as they are."""
    text = (ROOT / "docs" / "telemetry.md").read_text(encoding="utf-8")
    before, _, rest = text.partition(_METRICS_BEGIN)
    _, _, after = rest.partition(_METRICS_END)
    return f"{before}{_METRICS_BEGIN}\n{metrics.table()}\n{_METRICS_END}{after}"


def _documents() -> dict[Service, Any]:
    """Those that were written first."""
    return {service: document(service) for service in get_args(Service)}


GENERATED: dict[str, Callable[[], str]] = {
    "docs/configuration.md": configuration,
    "docs/openapi-intake.json": lambda: _openapi(create_intake),
    "docs/openapi-workflow.json": lambda: _openapi(create_workflow),
    "shared/amends_client/models.py": lambda: models(_documents()),
    "shared/amends_client/intake.py": lambda: methods("intake", document("intake")),
    "shared/amends_client/workflow.py": lambda: methods("workflow", document("workflow")),
    "docs/problems.md": problems_page,
    "docs/states.md": states,
    "docs/access.md": access_page,
    "docs/words.md": glossary,
    "asyncapi.yaml": asyncapi_text,
    "README.md": readme,
    "docs/telemetry.md": telemetry,
    "docs/runbooks/README.md": alert_rules.index,
    "deploy/grafana/operating.json": lambda: dashboards.dashboard("amends-operating"),
    "deploy/grafana/month.json": lambda: dashboards.dashboard("amends-month"),
}


def main() -> None:
    """Write every generated document."""
    for name, generate in GENERATED.items():
        (ROOT / name).write_text(generate(), encoding="utf-8")
        print(name)


if __name__ == "__main__":
    main()
