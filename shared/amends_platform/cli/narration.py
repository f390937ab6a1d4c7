"""The demo at the terminal: what people do on the left, what arrives from NATS on the right, how it ended."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.text import Text

from amends_platform.alerts import Alert
from amends_platform.cli.alert_lines import why
from amends_platform.cli.tables import fitted, output, print_table
from amends_platform.clients import Address
from amends_platform.demo.stage import Stage, Told
from amends_platform.supervising.running import Running
from amends_platform.words import words

# The story is told in English, as its complaints and the people in it speak.
_SAID: Final = words("en")

if TYPE_CHECKING:
    from amends_platform.demo.month.beginning import Month

_COLOURS: Final = {"agent": "green", "handler": "cyan", "supervisor": "magenta", "department_head": "blue"}
_ALERT_COLOURS: Final = {"reminder": "yellow", "breach": "bold red", "escalation": "bold magenta"}
# Alerts stand this far to the right where there is room for two columns.
_INDENT: Final = 46
_TWO_COLUMNS_FROM: Final = 120
# As long as "escalation department_manager", so that references stand below one another.
_ALERT_WIDTH: Final = 30
# The story is over when nothing has been heard for longer than its longest clock's next warning.
_QUIET_SECONDS: Final = 4.0
_OUTCOMES: Final = ("met", "breached", "pending")


class Narration:
    """Says what happens, in the order in which it is heard."""

    def __init__(self) -> None:
        self._console: Console = output()
        self._began = time.monotonic()
        self._heard = asyncio.Event()
        self._stage: Stage | None = None
        self._alerts: Counter[str] = Counter()
        self._escalated: Counter[str | None] = Counter()
        self._ids: set[str] = set()

    def say(self, program: str, text: str) -> None:
        """What the supervisor does."""
        self._console.print(Text(f"  {program:<9} {text}", "dim"))

    def month(self, month: Month) -> None:
        """What was invented."""
        self._console.print()
        self._tell(
            Text.assemble(
                ("A month at a bank, and more. ", "bold"),
                f"{month.cases} cases and {month.events:,} events since {month.first_day:%-d %B}, as the log would "
                "have them: most in time, some late.",
            )
        )

    def where(self, running: Running, month: Month | None) -> None:
        """Where it is to be seen, and the keys to sign in with: on lines of their own, to be copied."""
        rows = [
            ("console", f"{running.workflow_url}/", ""),
            ("sign in", running.keys["handler"], "a handler"),
            *(("or", running.keys[role], role.replace("_", " ")) for role in ("department_head", "auditor")),
            *([] if month is None else [("ask", f"amends report {month.first_day:%Y-%m}", "in another terminal")]),
            ("ask" if month is None else "or", "amends cases", "in another terminal"),
        ]
        for name, value, remark in rows:
            self._console.print(
                Text.assemble((f"  {name:<10}", "dim"), (value, "bold"), (remark and f"  {remark}", "dim"))
            )

    def begin(self, running: Running, stage: Stage, complaints: int, told: int) -> None:
        """Before the first complaint."""
        self._stage = stage
        self._began = time.monotonic()
        self._console.print()
        self._tell(
            Text.assemble(
                ("A day at the complaint desk, in forty seconds. ", "bold"),
                f"{complaints} people complain; {told} of their stories are told, the others fill the queue. Apologies "
                "are due after 6 s, callbacks after 12 s, follow-ups 8 s after the customer accepted, promises when "
                "they say. What is not done in time climbs: at once to the service admin, after 4 s to the department "
                "manager, after 8 s to the vice president.",
            )
        )
        self._tell(
            Text(f"Meanwhile: {running.workflow_url}/, `amends cases`, `amends watch` in another terminal.\n", "dim")
        )

    def tell(self, told: Told) -> None:
        """Somebody did something."""
        who = Text("" if told.role is None else f"{told.role.replace('_', ' ')} ", _COLOURS.get(told.role or "", ""))
        line = Text.assemble(self._now(), (f"{told.reference}  ", "bold"), who, told.words)
        if told.refusal is not None:
            line.append(f" — refused: {told.refusal}", "italic red")
        self._tell(line)

    def alert(self, alert: Alert) -> None:
        """Something arrived from NATS."""
        self._heard.set()
        self._alerts[f"{alert.kind} {alert.name}"] += 1
        if alert.kind == "escalation":
            self._escalated[alert.payload.get("clock")] += 1
        self._ids.add(alert.id)
        reference = alert.payload["reference"]
        assert self._stage is not None, "what arrives is about the story, which has begun"
        customers, told = self._stage.customers, self._stage.told
        if alert.kind == "escalation" and reference in customers.keys() - told:
            # Who is told of the queue's breaches is in the numbers at the end: each line twice helps nobody.
            return
        indent = " " * (_INDENT if self._console.width >= _TWO_COLUMNS_FROM else 2)
        customer = customers.get(reference, "")
        line = Text.assemble(
            indent,
            self._now(),
            ("NATS ", "dim"),
            (f"{alert.kind} {alert.name}".ljust(_ALERT_WIDTH), _ALERT_COLOURS.get(alert.kind, "bold")),
            (f"{reference}  ", "bold"),
            (f"({customer}) {why(_SAID, alert)}".rstrip(), "dim"),
        )
        self._console.print(fitted(self._console, line))

    async def until_quiet(self) -> None:
        """Wait until what is still to come of the story has come."""
        with suppress(TimeoutError):
            while True:
                self._heard.clear()
                async with asyncio.timeout(_QUIET_SECONDS):
                    await self._heard.wait()

    async def end(self, running: Running, *, stays: bool) -> None:
        """How it all stands, and where to look next."""
        assert self._stage is not None, "what ends has begun"
        workflow = Address("workflow", running.workflow_url, running.keys["auditor"])
        # The month before is told by its report.
        told = self._stage.customers.keys()
        async with workflow.workflow() as client:
            listed = client.all_cases(limit=200, min_position=max(self._stage.position, 1))
            cases = [case async for case in listed if case["reference"] in told]
            deadlines = [each async for each in client.all_deadlines(limit=200) if each["reference"] in told]
        self._console.print()
        self._show_states(cases)
        self._show_clocks(deadlines)
        self._show_alerts(deadlines)
        self._show_next(cases, stays=stays)

    def _show_states(self, cases: list[Any]) -> None:
        states = Counter(case["state"] for case in cases)
        listed = ", ".join(f"{count} {state}" for state, count in states.most_common())
        commands = self._stage.commands if self._stage is not None else 0
        self._tell(Text.assemble((f"{len(cases)} cases", "bold"), f" after {commands} commands: {listed}."))

    def _show_clocks(self, deadlines: list[Any]) -> None:
        by_clock: dict[str, Counter[str]] = {}
        for deadline in deadlines:
            by_clock.setdefault(deadline["kind"], Counter())[deadline["status"]] += 1
        rows = []
        for clock, statuses in sorted(by_clock.items()):
            other = statuses.total() - sum(statuses[outcome] for outcome in _OUTCOMES)
            told = (self._alerts[f"reminder {clock}"], self._escalated[clock])
            rows.append((clock, *(str(statuses[outcome]) for outcome in _OUTCOMES), str(other), *map(str, told)))
        columns = ("CLOCK", *(outcome.upper() for outcome in _OUTCOMES), "MOVED OR CANCELLED", "REMINDERS", "ESCALATED")
        self._console.print()
        print_table(self._console, columns, rows)

    def _show_alerts(self, deadlines: list[Any]) -> None:
        heard = sum(count for name, count in self._alerts.items() if name.startswith("breach "))
        recorded = sum(1 for deadline in deadlines if deadline["status"] == "breached")
        self._tell(
            f"\nNATS delivered {self._alerts.total()} alerts, {len(self._ids)} of them different; "
            f"{heard} were breaches, and {recorded} deadlines are broken; {self._escalated.total()} told somebody "
            f"higher up, {self._escalated[None]} of them at once."
        )

    def _show_next(self, cases: list[Any], *, stays: bool) -> None:
        example = next((case["reference"] for case in cases if case["breached"]), "CASE")
        if not stays:
            self._console.print(Text("Run `amends demo` at a terminal, or with --data-dir, to look around.", "dim"))
            return
        self._console.print("\nStill running. In another terminal:", style="bold")
        for command, what in (
            ("amends cases --breached", "where a deadline was broken"),
            (f"amends show {example}", "one of them, with its story"),
            ("amends replay", "the log says the same as the tables"),
            ("amends verify", "and it is as it was written"),
        ):
            self._console.print(f"  {command:<28}{what}")

    def stays(self, running: Running) -> None:
        """It goes on until somebody ends it."""
        self._console.print(f"\nThe console is at {running.workflow_url}/, its keys are above.", style="bold")
        self._console.print("Ctrl-C ends it, and removes what it kept unless --data-dir was given.\n", style="bold")

    def _tell(self, words: Text | str) -> None:
        """Words that may be longer than a line: broken between words at a terminal, not at all elsewhere."""
        self._console.print(words, soft_wrap=not self._console.is_terminal)

    def _now(self) -> tuple[str, str]:
        return f"{time.monotonic() - self._began:5.1f} s  ", "dim"
