"""Settings as commands need them: from options and the environment, or an error that says which is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amends_platform.failures import WrongUsage

if TYPE_CHECKING:
    from amends_platform.settings import Settings


def load_settings(**options: Any) -> Settings:
    """The settings from the environment, with the given options (None: not given) on top. Raises WrongUsage."""
    from amends_platform.settings import Settings, SettingsError

    try:
        return Settings.load(**options)
    except SettingsError as error:
        raise WrongUsage(str(error)) from error
