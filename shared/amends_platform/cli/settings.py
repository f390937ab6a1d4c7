"""Settings as commands need them: from options and the environment, or an error that says which is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amends_platform.failures import WrongUsage

if TYPE_CHECKING:
    from amends_platform.settings import Settings


def of_this_machine(settings: Settings) -> Settings:
    """With the files of the running `amends up`, where no database is named. Raises SeveralRunning."""
    from amends_platform.running import find_running

    running = find_running() if settings.database_url is None else None
    return settings if running is None else settings.model_copy(update={"data_dir": running.data_dir})


def load_settings(**options: Any) -> Settings:
    """The settings from the environment, with the given options (None: not given) on top. Raises WrongUsage."""
    from amends_platform.settings import Settings, SettingsError

    try:
        return Settings.load(**options)
    except SettingsError as error:
        raise WrongUsage(str(error)) from error
