"""The Grafana dashboards, from deploy/grafana/panels.yaml: `make docs` writes the JSON that Grafana imports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

GRAFANA: Final = Path(__file__).resolve().parents[2] / "deploy" / "grafana"
_SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
_COLUMNS: Final = 24


def dashboards() -> list[dict[str, Any]]:
    """As they are described: title, uid, rows of panels with queries."""
    described: list[dict[str, Any]] = YAML(typ="safe").load((GRAFANA / "panels.yaml").read_text("utf-8"))["dashboards"]
    return described


def dashboard(uid: str) -> str:
    """One of them, as Grafana imports it. The datasource is chosen in it."""
    described = next(each for each in dashboards() if each["uid"] == uid)
    variables: list[dict[str, Any]] = [
        {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus", "current": {}}
    ]
    if "branches" in described:
        variables.append(_branches(described["branches"]))
    document = {
        "uid": uid,
        "title": described["title"],
        "tags": ["amends"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "timezone": "browser",
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": variables},
        "annotations": {"list": []},
        "links": [],
        "panels": _placed(described["rows"]),
    }
    return json.dumps(document, indent=2) + "\n"


def _placed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The panels of all rows from left to right, and on as they fit."""
    panels: list[dict[str, Any]] = []
    y = 0
    for row in rows:
        place = {"x": 0, "y": y, "w": _COLUMNS, "h": 1}
        title = {"type": "row", "title": row["title"], "collapsed": False, "panels": [], "gridPos": place}
        panels.append({"id": len(panels) + 1, **title})
        x, y, tallest = 0, y + 1, 0
        for panel in row["panels"]:
            width, height = panel.get("width", 8), panel.get("height", 7)
            if x + width > _COLUMNS:
                x, y, tallest = 0, y + tallest, 0
            panels.append(_panel(panel, len(panels) + 1, {"x": x, "y": y, "w": width, "h": height}))
            x, tallest = x + width, max(tallest, height)
        y += tallest
    return panels


def _panel(described: dict[str, Any], number: int, place: dict[str, int]) -> dict[str, Any]:
    kind = described.get("kind", "timeseries")
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if "bad_from" in described:
        steps.append({"color": "red", "value": described["bad_from"]})
    as_table = {"format": "table", "instant": True} if kind == "table" else {}
    return {
        "id": number,
        "type": kind,
        "title": described["title"],
        "description": described["about"],
        "datasource": _SOURCE,
        "gridPos": place,
        "fieldConfig": {
            "defaults": {
                "unit": described.get("unit", "short"),
                "min": 0,
                "thresholds": {"mode": "absolute", "steps": steps},
            },
            "overrides": [],
        },
        "options": {"reduceOptions": {"calcs": ["lastNotNull"]}} if kind in ("stat", "bargauge") else {},
        "targets": [
            {
                "refId": chr(ord("A") + nth),
                "datasource": _SOURCE,
                "expr": query["expr"],
                "legendFormat": query.get("legend", "__auto"),
                **as_table,
            }
            for nth, query in enumerate(described["queries"])
        ],
    }


def _branches(query: str) -> dict[str, Any]:
    return {
        "name": "branch",
        "label": "Branch",
        "type": "query",
        "datasource": _SOURCE,
        "query": {"query": query, "refId": "branches"},
        "definition": query,
        "refresh": 2,
        "includeAll": True,
        "multi": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
        "sort": 1,
    }
