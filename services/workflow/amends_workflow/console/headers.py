"""What every answer of the console tells the browser to refuse."""

from __future__ import annotations

from typing import Final

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self';"
    " frame-ancestors 'none'; base-uri 'none'"
)

SECURITY: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}

PAGE: Final = {
    **SECURITY,
    "Cache-Control": "no-store",
    # The language comes from a header at first.
    "Vary": "Accept-Language, Cookie, HX-Request",
}
