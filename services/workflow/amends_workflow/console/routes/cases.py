"""One case: as it is, with what may be done; as it was; and its evidence to take away."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from pydantic import ValidationError
from starlette.responses import Response

from amends_domain.reference import reference_of
from amends_platform.guarding.pace import unhurried
from amends_platform.http.problems import Problem
from amends_store.read import UpToVersion, read_stream
from amends_workflow.console.acting.action import Action
from amends_workflow.console.acting.filling import Filled, field_at, fill
from amends_workflow.console.acting.looking import version_meant
from amends_workflow.console.acting.sending import Done, Refused, send
from amends_workflow.console.acting.table import ACTIONS
from amends_workflow.console.cases.doing import OpenForm, doing, fresh_form, key_of, questions, said_of
from amends_workflow.console.cases.kinds_of_events import GROUPS
from amends_workflow.console.cases.offering import Offering
from amends_workflow.console.cases.timeline import Entry
from amends_workflow.console.cases.view import View, view_of
from amends_workflow.console.forgery import FIELD, check_form_token, refuse_other_sites
from amends_workflow.console.forms import Form, read_form
from amends_workflow.console.headers import PAGE
from amends_workflow.console.present import Present
from amends_workflow.console.rendering import go_to, page, words_for
from amends_workflow.console.routing import PageRoute
from amends_workflow.console.visitors import Console, Of, Visitor, seeing
from amends_workflow.evidence import evidence_for
from amends_workflow.parameters import CaseParameters

routes = APIRouter(route_class=PageRoute, include_in_schema=False)

_NOW = CaseParameters()
# Alarms that may come in one after the other while a form is on its way to intake.
_ALARMS_MAX = 5


@routes.get("/cases/{name}")
async def case(request: Request, name: str, visitor: Annotated[Visitor, seeing("read-case")], console: Of) -> Response:
    present, words = await console.publications.present(), words_for(request)
    query = request.query_params
    if query.get("version", "").isdecimal():
        return go_to(await _after_entry(console, visitor, name, int(query["version"][:9])))
    wanted = _wanted(query, present.zone)
    try:
        view = await view_of(console, visitor, name, wanted, words, present, whole="whole" in query)
    except Problem as problem:
        if not wanted.is_past or problem.code != "no-such-case":
            raise
        # Of a case that is there now, nobody is told that there is none.
        await console.of.enquiries.case(visitor.asked, name)
        raise Problem(404, "no-such-case-yet", problem.detail) from problem
    action = None if view.is_past or console.intake is None else ACTIONS.get(query.get("do", ""))
    form = None
    if (
        action is not None
        and action.command in view.answer["allowed"]
        and visitor.may(action.command, view.case.branch, view.case.grade)
    ):
        offering = Offering(words, present.policy, present.zone, view)
        given = {
            "position": query.get("entry", ""),
            "owner": visitor.asked.person if action.command == "assign" else "",
        }
        form = fresh_form(action, _to(view, action), offering, view.case.version, _only_said(given))
    return await _page(request, console, visitor, view, present, form, wanted)


async def _after_entry(console: Console, visitor: Visitor, name: str, version: int) -> str:
    """Where the case is shown as it was after so many entries: the slider says entries, what is shown is a position."""
    found = await console.of.enquiries.case(visitor.asked, name)
    path = f"/cases/{reference_of(found.first_position)}"
    if version >= found.version:
        return path
    rows = await read_stream(console.of.view_of(visitor.asked), found.id, up_to=UpToVersion(max(version, 1)))
    return f"{path}?position={rows[-1].position}"


@routes.post("/cases/{name}/do/{command}")
async def do(
    request: Request, name: str, command: str, visitor: Annotated[Visitor, seeing("read-case")], console: Of
) -> Response:
    refuse_other_sites(request)
    action = ACTIONS.get(command)
    if action is None:
        raise Problem(404, "not-found", "There is no such thing to do.")
    form = await read_form(request)
    present, words = await console.publications.present(), words_for(request)
    filled = fill(action, form, present.zone, words)
    came = await _given(console, visitor, name, command, form, filled)
    if isinstance(came, Done):
        return go_to(f"/cases/{came.reference}?{urlencode({'done': command})}")
    view = await view_of(console, visitor, name, _NOW, words, present)
    errors = filled.errors | _pointed(action, came)
    offering = Offering(words, present.policy, present.zone, view)
    opened = OpenForm(
        action,
        _to(view, action),
        questions(action, offering, form, errors),
        key_of(form),
        view.case.version,
        came,
        # Told of what happened since, they decide anew; sent again, it is for the case as it is now.
        _since(view, _version(form)) if came is not None and came.code == "version-mismatch" else (),
    )
    return await _page(request, console, visitor, view, present, opened, status=422 if came is None else came.status)


@routes.get("/cases/{name}/evidence", dependencies=[Depends(unhurried)])
async def evidence(
    request: Request, name: str, visitor: Annotated[Visitor, seeing("take-evidence")], console: Of
) -> Response:
    with_words = request.query_params.get("personal") == "true"
    return await evidence_for(console.of, visitor.asked, name, PAGE, with_words=with_words, with_pdf=False)


async def _given(
    console: Console, visitor: Visitor, name: str, command: str, form: Form, filled: Filled
) -> Done | Refused | None:
    """What came of it; None where it is not even worth sending."""
    try:
        check_form_token(visitor.token, form.get(FIELD))
    except Problem as problem:
        return Refused(403, problem.code, problem.detail, {})
    if filled.errors:
        return None
    if console.intake is None:
        return Refused(503, "intake-away", "", {})
    key, before = key_of(form), None
    for _ in range(_ALARMS_MAX):
        found = await console.of.enquiries.case(visitor.asked, name)
        version = version_meant(found, _version(form), command)
        to = f"/v1/complaints/{found.id}/{filled.path}"
        came = await send(console.intake, visitor.token, to, filled.body, key=key, version=version)
        # A clock may have been quicker than we were: that, too, is no reason to ask anew.
        if not isinstance(came, Refused) or came.code != "version-mismatch" or version == before:
            break
        before = version
    return came


async def _page(
    request: Request,
    console: Console,
    visitor: Visitor,
    view: View,
    present: Present,
    form: OpenForm | None,
    wanted: CaseParameters = _NOW,
    *,
    status: int = 200,
) -> Response:
    group, done = request.query_params.get("show", ""), request.query_params.get("done", "")
    entries = [entry for entry in view.entries if group not in GROUPS or entry.group == group]
    versions = view.case.version
    if view.is_past:
        versions = (await console.of.enquiries.case(visitor.asked, view.reference)).version
    refused = None if form is None else form.refused
    return page(
        request,
        "case.html",
        status=status,
        # Of what was, times are told as they were then.
        now=(wanted.as_of or wanted.valid_at or view.rows[-1].recorded_at) if view.is_past else present.now,
        zone=present.zone,
        live_after=present.position,
        view=view,
        case=view.answer,
        entries=entries,
        groups=GROUPS,
        shown_group=group if group in GROUPS else "",
        doing=doing(view, visitor),
        form=form,
        refusal="" if refused is None else said_of(refused, words_for(request)),
        is_writable=console.intake is not None and not view.is_past,
        done=done if done in (*ACTIONS, "receive") else "",
        versions=versions,
    )


def _to(view: View, action: Action) -> str:
    return f"/cases/{view.reference}/do/{action.command}"


def _wanted(query: Mapping[str, str], zone: tzinfo) -> CaseParameters:
    """Which state of the case. Raises a 422 problem."""
    asked: dict[str, Any] = {"position": query.get("position") or None}
    for name in ("as_of", "valid_at"):
        text = query.get(name, "").strip()
        if text:
            asked[name] = _in_zone(text, zone)
    try:
        return CaseParameters.model_validate(asked)
    except ValidationError:
        raise Problem(422, "invalid-parameters", "No time and no position is written so.") from None


def _in_zone(text: str, zone: tzinfo) -> str:
    """What was typed without a zone is of the desk's."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (at if at.tzinfo is not None else at.replace(tzinfo=zone)).isoformat()


def _version(form: Form) -> int | None:
    text = form.get("version")
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _since(view: View, looked_at: int | None) -> list[Entry]:
    """What has happened on the case itself since it was looked at."""
    return [each for each in view.entries if looked_at is not None and not each.reference and each.version > looked_at]


def _pointed(action: Action, came: Done | Refused | None) -> dict[str, str]:
    """What intake says of single fields."""
    if not isinstance(came, Refused):
        return {}
    found = ((field_at(action, pointer), detail) for pointer, detail in came.pointers.items())
    return {name: detail for name, detail in found if name is not None}


def _only_said(given: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in given.items() if text}
