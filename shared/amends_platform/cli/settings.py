"""Settings as commands need them: from options and the environment, or an error that says which is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amends_platform.failures import WrongUsage

if TYPE_CHECKING:
    from amends_platform.broker_address import BrokerAddress
    from amends_platform.settings import Settings
    from amends_platform.supervising.running import Running


def of_this_machine(settings: Settings) -> Settings:
    """With the files of the running `amends up`, unless another database is named. Raises SeveralRunning."""
    running = running_here(settings)
    return settings if running is None else settings.model_copy(update={"data_dir": running.data_dir})


def running_here(settings: Settings) -> Running | None:
    """The running `amends up`, unless another database than its own is named. Raises SeveralRunning."""
    from amends_platform.supervising.running import SeveralRunning, find_running

    try:
        running = find_running()
    except SeveralRunning:
        if settings.database_url is None:
            raise
        return None
    # Its keys and its broker belong to its database, and to no other.
    is_meant = running is not None and settings.database_url in (None, running.database_url)
    return running if is_meant else None


def load_settings(**options: Any) -> Settings:
    """The settings from the environment, with the given options (None: not given) on top. Raises WrongUsage."""
    from amends_platform.settings import Settings, SettingsError

    try:
        return Settings.load(**options)
    except SettingsError as error:
        raise WrongUsage(str(error)) from error


def broker_address(settings: Settings) -> BrokerAddress:
    """The broker that the settings name, else that of the running `amends up`. Raises CannotReach."""
    from amends_platform.broker_address import BrokerAddress
    from amends_platform.clients import running_system
    from amends_platform.failures import CannotReach

    running = running_system() if settings.nats_url is None else None
    address = BrokerAddress.of(settings, None if running is None else running.nats_url)
    if address is None:
        raise CannotReach("There is no broker: start `amends up`, or set AMENDS_NATS_URL.")
    return address
