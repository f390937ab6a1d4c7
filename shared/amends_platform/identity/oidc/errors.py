"""What becomes of a token that names somebody, and still lets nobody in. Apart, so that what is off is not imported."""

from __future__ import annotations


class NotAdmitted(Exception):
    """The provider vouches for them, and it does not say what they would be here. The message may be shown to them."""


class ProviderAway(Exception):
    """The identity provider does not answer, or not with what it should. The message says which."""
