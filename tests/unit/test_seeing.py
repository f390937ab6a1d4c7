"""Dashboards, alert rules and runbooks: they ask for metrics that exist, parse, and lead to one another."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from ruamel.yaml import YAML

from amends_platform.cli import app as cli
from tests.support.alert_rules import ROOT, RUNBOOKS, WITHOUT_ALERT, alerts
from tests.support.dashboards import GRAFANA, dashboards
from tests.support.metrics import described, registries, series

ALERTS = alerts()
PAGES = sorted(path for path in RUNBOOKS.glob("*.md") if path.name != "README.md")
BOARDS = sorted(GRAFANA.glob("*.json"))
_NAME = re.compile(r"\b(?:amends|process)_\w+")
# What Grafana puts in before it asks.
_VARIABLES = {"$__rate_interval": "5m", "$branch": ".*"}


def expressions() -> list[tuple[str, str]]:
    """Title and expression of every query of every dashboard, and of every alert."""
    found = [(alert.name, alert.expression) for alert in ALERTS]
    for board in dashboards():
        for row in board["rows"]:
            found += [(panel["title"], query["expr"]) for panel in row["panels"] for query in panel["queries"]]
    return found


def test_every_metric_that_is_asked_for_exists() -> None:
    known = series()
    asked = {(where, name) for where, expression in expressions() for name in _NAME.findall(expression)}
    assert asked
    assert sorted((where, name) for where, name in asked if name not in known) == []


def test_every_metric_that_is_no_process_s_is_on_a_dashboard_or_in_an_alert() -> None:
    asked = {name for _, expression in expressions() for name in _NAME.findall(expression)}
    ends = ("", "_bucket", "_sum", "_count")
    named = {metric.name for registry in registries().values() for metric in described(registry)}
    shown = {name for name in named if any(f"{name}{end}" in asked for end in ends)}
    assert {name for name in named - shown if name.startswith("amends")} == {
        # What they count is told better by what is shown.
        "amends_checkpoint_tree_size",
        "amends_notifier_position",
        "amends_stream_readers",
        "amends_webhooks_enabled",
    }


def test_names_of_metrics_say_their_units_and_kinds() -> None:
    for registry in registries().values():
        for metric in described(registry):
            assert metric.documentation, metric.name
            assert metric.name.endswith("_total") == (metric.kind == "counter"), metric.name
            assert not re.search(r"_(ms|minutes|hours|milliseconds)(_|$)", metric.name), metric.name


def test_every_alert_has_a_severity_and_a_runbook() -> None:
    assert len({alert.name for alert in ALERTS}) == len(ALERTS)
    for alert in ALERTS:
        assert alert.severity in ("critical", "warning"), alert.name
        assert alert.summary, alert.name
        assert (ROOT / alert.runbook).is_file(), alert.name


def test_every_runbook_has_an_alert_or_is_come_to_from_another_page() -> None:
    assert {path.stem for path in PAGES} == {Path(alert.runbook).stem for alert in ALERTS} | set(WITHOUT_ALERT)
    for name in WITHOUT_ALERT:
        assert any(f"({name}.md)" in path.read_text("utf-8") for path in PAGES if path.stem != name), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_runbook_says_what_it_means_how_to_look_what_to_do_and_whom_to_call(page: Path) -> None:
    text = page.read_text("utf-8")
    parts = ["**What it means.**", "**What people notice.**", "**Look.**", "**Do.**", "**Escalate**"]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert len(text.split()) < 450
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        assert (page.parent / target).exists(), target
    for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        subprocess.run(["bash", "-n"], input=block, text=True, check=True)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_amends_commands_of_a_runbook_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    shown = re.findall(r"(?:^|`)(amends [a-z][^`\n|]*)", text, re.MULTILINE)
    for command in shown:
        check_command(shlex.split(command)[1:])


@cache
def _cli() -> Any:
    return typer.main.get_command(cli)


def check_command(words: list[str]) -> None:
    """Fails where there is no such command, or it has no such option."""
    command: Any = _cli()
    while words and hasattr(command, "commands"):
        assert words[0] in command.commands, words
        command = command.commands[words.pop(0)]
    if command.name == "notifier":
        # It hands everything on.
        assert words[:1] in ([], ["--republish"])
        return
    options = {name for parameter in command.params for name in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options


@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)
def test_a_dashboard_is_one_that_grafana_can_import(path: Path) -> None:
    board = json.loads(path.read_text("utf-8"))
    assert board["schemaVersion"] >= 36
    assert board["templating"]["list"][0]["type"] == "datasource"
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        assert 0 <= place["x"] < place["x"] + place["w"] <= 24
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells
        if panel["type"] != "row":
            assert panel["description"]
            assert all(target["datasource"]["uid"] == "${datasource}" for target in panel["targets"])
            assert panel["targets"]


def test_the_two_boards_are_there() -> None:
    assert [json.loads(path.read_text("utf-8"))["title"] for path in BOARDS] == [
        "Complaints this month",
        "Operating Amends",
    ]


def promtool(*arguments: str) -> None:
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool, of Debian's prometheus, is not on this machine")
    done = subprocess.run([found, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_alert_rules_are_ones_that_prometheus_takes() -> None:
    promtool("check", "rules", str(ROOT / "deploy" / "prometheus" / "alerts.yaml"))


def test_the_alerts_go_off_when_they_should_and_not_before() -> None:
    promtool("test", "rules", str(ROOT / "deploy" / "prometheus" / "alerts.test.yaml"))


def test_the_example_of_what_to_scrape_is_one_that_prometheus_takes(tmp_path: Path) -> None:
    for name in ("scrape.example.yaml", "alerts.yaml"):
        shutil.copy(ROOT / "deploy" / "prometheus" / name, tmp_path / name)
    promtool("check", "config", str(tmp_path / "scrape.example.yaml"))


def test_every_query_of_the_dashboards_parses(tmp_path: Path) -> None:
    rules = []
    for number, (_, expression) in enumerate(expressions()):
        for variable, value in _VARIABLES.items():
            expression = expression.replace(variable, value)
        assert "$" not in expression, expression
        rules.append({"record": f"amends:query_{number}", "expr": expression})
    path = tmp_path / "queries.yaml"
    YAML().dump({"groups": [{"name": "queries", "rules": rules}]}, path)
    promtool("check", "rules", str(path))
