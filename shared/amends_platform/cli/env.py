"""`amends env`."""

from __future__ import annotations


def env() -> None:
    """Shell variables of the running `amends up`: INTAKE, WORKFLOW, and a key per role. Use: eval "$(amends env)"."""
    import shlex

    from amends_platform.failures import CannotReach
    from amends_platform.supervising.running import SeveralRunning, find_running

    try:
        running = find_running()
    except SeveralRunning as error:
        raise CannotReach(str(error)) from error
    if running is None:
        raise CannotReach("No `amends up` is running here.")
    variables = {"INTAKE": running.intake_url, "WORKFLOW": running.workflow_url, "NATS": running.nats_url}
    variables |= {role.upper(): key for role, key in running.keys.items()}
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")
