"""What a form sends."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request

from amends_platform.http.problems import Problem

_FIELDS_MAX = 500
_MEDIA_TYPE = "application/x-www-form-urlencoded"


class Form:
    """The fields of a form, as they were sent."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self._fields = fields

    def get(self, name: str) -> str:
        """The field's last value; empty when there is none."""
        return next((value for key, value in reversed(self._fields) if key == name), "")

    def all(self, name: str) -> list[str]:
        """Every value of the field, without the empty ones."""
        return [value for key, value in self._fields if key == name and value]

    def under(self, prefix: str) -> dict[str, str]:
        """The fields `prefix.NAME`, by NAME."""
        start = prefix + "."
        return {key.removeprefix(start): value for key, value in self._fields if key.startswith(start)}


async def read_form(request: Request) -> Form:
    """The form that was sent. Raises Problem: 415, 400."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _MEDIA_TYPE:
        raise Problem(415, "unsupported-media-type", f"A form is sent as {_MEDIA_TYPE}.")
    try:
        # A page sends its text's line ends as CR LF, whatever was typed.
        text = (await request.body()).decode("ascii")
        fields = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_FIELDS_MAX)
    except ValueError:
        raise Problem(400, "malformed-body", "The form could not be read.") from None
    return Form([(name, value.replace("\r\n", "\n")) for name, value in fields])
