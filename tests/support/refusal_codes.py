"""Which codes each command can be refused with, read from the domain's own code: what its decision calls, and what
these call, down to every `Rejection("code", …)`."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from amends_domain import decide as deciding
from amends_domain.decisions.recusal import RECUSED_FROM
from amends_domain.transitions import TRANSITIONS, Needs

ROOT = Path(__file__).parents[2]
_DOMAIN = ROOT / "shared" / "amends_domain"
_FILES = (_DOMAIN / "decide.py", *sorted((_DOMAIN / "decisions").glob("*.py")))
_BEGINNING = {"receive": ("life", "receive"), "open-incident": ("links", "open_incident")}
_ERASURE = (("erasure", "decide_erasure"), ("erasure", "given_away"))
# `decide._illegal` tells these apart by what a command needs.
_BY_NEED = {
    "hand-off-pending": Needs.NO_HAND_OFF,
    "approval-pending": Needs.NO_APPROVAL_PENDING,
    "already-held": Needs.NO_HOLD,
}

Place = tuple[str, str]


class _Piece(NamedTuple):
    """A function or a constant of a module: the codes in it, and what else it names."""

    codes: frozenset[str]
    names: frozenset[Place]


@cache
def refusal_codes() -> dict[str, set[str]]:
    """The codes of each command's own, those that any command on a case may have ("case") and of erasures."""
    pieces = _pieces()
    codes = {name: _reached([place], pieces) for name, place in _BEGINNING.items()}
    # Of an incident that begins, only that it has not come yet.
    codes["open-incident"].add("in-the-future")
    for name in _BEGINNING:
        # There is no grade yet.
        codes[name] |= _reached([("decide", "_may_not")], pieces) - {"grade-not-allowed"}
    codes["erasure"] = _reached(_ERASURE, pieces)
    anywhere = [("decide", each) for each in ("_may_not", "_illegal", "_misdated")]
    codes["case"] = _reached(anywhere, pieces) - _BY_NEED.keys()
    for command, rule in deciding._RULES.items():
        name = command.NAME
        codes[name] = _reached([(rule.__module__.rpartition(".")[2], rule.__name__)], pieces)
        codes[name] |= {code for code, need in _BY_NEED.items() if TRANSITIONS[name].needs is need}
        if name in RECUSED_FROM:
            codes[name].add("recused")
    return codes


def _reached(places: Iterable[Place], pieces: Mapping[Place, _Piece]) -> set[str]:
    seen: set[Place] = set()
    waiting = list(places)
    while waiting:
        place = waiting.pop()
        if place in pieces and place not in seen:
            seen.add(place)
            waiting += pieces[place].names
    return {code for place in seen for code in pieces[place].codes}


def _pieces() -> dict[Place, _Piece]:
    pieces: dict[Place, _Piece] = {}
    for file in _FILES:
        tree = ast.parse(file.read_text("utf-8"))
        imported = {
            each.name: (node.module or "").rpartition(".")[2]
            for node in tree.body
            if isinstance(node, ast.ImportFrom)
            for each in node.names
        }
        for node in tree.body:
            for name in _named_by(node):
                pieces[file.stem, name] = _piece(node, file.stem, imported)
    return pieces


def _named_by(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _piece(node: ast.AST, module: str, imported: Mapping[str, str]) -> _Piece:
    own = {each.arg for each in ast.walk(node) if isinstance(each, ast.arg)}
    own |= {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
    codes: set[str] = set()
    names: set[Place] = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id == "Rejection":
            code = each.args[0]
            assert isinstance(code, ast.Constant), f"{module}: a code is written out where it is refused"
            codes.add(str(code.value))
        elif isinstance(each, ast.Name) and each.id not in own:
            names.add((imported.get(each.id, module), each.id))
        elif isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name):
            names.add((each.value.id, each.attr))
    return _Piece(frozenset(codes), frozenset(names))
