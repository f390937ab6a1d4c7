"""The `amends` command. One file per command; whatever takes long to import is imported inside its function.

Imports typer here and what a command needs inside its function; never a service.
A command is a function registered below. It ends well by returning, else by raising a Failure: its exit status.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from amends_platform.cli import (
    audit,
    backup,
    cases,
    checkpoints,
    demo,
    digest,
    doctor,
    env,
    erase,
    evidence,
    export,
    import_,
    keys,
    migrate,
    policy,
    policy_life,
    rebuild,
    replay,
    report,
    services,
    show,
    simulate,
    subject_access,
    up,
    verify,
    verify_bundle,
    watch,
    webhooks,
)
from amends_platform.cli.listing import ADMINISTER, ASK, PROVE, RUN, Listed
from amends_platform.cli.outputs import give_up_output
from amends_platform.failures import Failure

# httpx would load a command line of its own, which takes a third of a second; where there is none it does without.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]

app = typer.Typer(
    cls=Listed,
    name="amends",
    help="Complaints, from the call to the alert: every fact in a log, every deadline kept or reported.",
    no_args_is_help=True,
    rich_markup_mode=None,
    # A traceback with local variables would show keys and complaints.
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"amends {version('amends')}")
        raise typer.Exit


@app.callback()
def _amends(
    _version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_show_version)
    ] = False,
) -> None: ...


app.command("up", rich_help_panel=RUN)(up.up)
app.command("demo", rich_help_panel=RUN)(demo.demo)
app.command("intake", rich_help_panel=RUN, context_settings=services.PASS_ON)(services.intake)
app.command("workflow", rich_help_panel=RUN, context_settings=services.PASS_ON)(services.workflow)
app.command("notifier", rich_help_panel=RUN, context_settings=services.PASS_ON)(services.notifier)
app.command("env", rich_help_panel=RUN)(env.env)

app.command("import", rich_help_panel=ASK)(import_.import_)
app.command("cases", rich_help_panel=ASK)(cases.cases)
app.command("show", rich_help_panel=ASK)(show.show)
app.command("subject-access", rich_help_panel=ASK)(subject_access.subject_access)
app.command("watch", rich_help_panel=ASK)(watch.watch)
app.command("report", rich_help_panel=ASK)(report.report)

app.command("replay", rich_help_panel=PROVE)(replay.replay)
app.command("verify", rich_help_panel=PROVE)(verify.verify)
app.command("rebuild", rich_help_panel=PROVE)(rebuild.rebuild)
app.command("evidence", rich_help_panel=PROVE)(evidence.evidence)
app.command("verify-bundle", rich_help_panel=PROVE)(verify_bundle.verify_bundle)
app.command("export", rich_help_panel=PROVE)(export.export)
app.add_typer(checkpoints.app, name="checkpoints", rich_help_panel=PROVE)
app.add_typer(audit.app, name="audit", rich_help_panel=PROVE)

app.command("migrate", rich_help_panel=ADMINISTER)(migrate.migrate)
app.command("backup", rich_help_panel=ADMINISTER)(backup.backup)
app.command("restore", rich_help_panel=ADMINISTER)(backup.restore)
app.command("erase", rich_help_panel=ADMINISTER)(erase.erase)
app.command("doctor", rich_help_panel=ADMINISTER)(doctor.doctor)
app.add_typer(keys.app, name="keys", rich_help_panel=ADMINISTER)
app.command("digest", rich_help_panel=ADMINISTER)(digest.digest)
app.add_typer(webhooks.app, name="webhooks", rich_help_panel=ADMINISTER)
policy.app.command()(policy_life.rehearse)
policy.app.command()(policy_life.publish)
policy.app.command()(policy_life.retime)
policy.app.command("list")(policy_life.list_)
app.add_typer(policy.app, name="policy", rich_help_panel=ADMINISTER)
app.command("simulate", rich_help_panel=ADMINISTER)(simulate.simulate)


def main() -> None:
    """The console script."""
    try:
        app()
    except Failure as failure:
        print(f"amends: {failure}", file=sys.stderr)
        sys.exit(failure.exit_code)
    except OSError as error:
        # A full disk, a file that is away: nobody needs to know where in our code it was noticed.
        where = "" if error.filename is None else f"{error.filename}: "
        print(f"amends: {where}{error.strerror or error}.", file=sys.stderr)
        try:
            sys.stdout.flush()
        except OSError:
            give_up_output()
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
