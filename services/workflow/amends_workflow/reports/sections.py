"""The sections of a report about what came and what became of it, and what every table by branch is made of."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from amends_domain.measures.figures import Figures
from amends_domain.measures.pack import Pack
from amends_platform.words import message
from amends_workflow.reports.document import (
    Bar,
    Bars,
    Block,
    Column,
    Section,
    Slice,
    Stack,
    Table,
    Unit,
    Value,
)
from amends_workflow.reports.wording import Said

_COUNT, _PERCENT, _NUMBER, _SECONDS = Unit.COUNT, Unit.PERCENT, Unit.NUMBER, Unit.SECONDS

_SPLITS: Final = (
    ("type", message("Complaints by type"), message("Type")),
    ("channel", message("Complaints by channel"), message("Channel")),
    ("grade", message("Complaints by grade"), message("Grade")),
)


def each(pack: Pack) -> tuple[Figures, ...]:
    """The rows of a table by branch, the total last; of a pack of one branch, that one."""
    return (*pack.branches, pack.total)


def by_branch(
    pack: Pack, said: Said, title: str, columns: tuple[Column, ...], rows: Iterator[tuple[Value, ...]], note: str = ""
) -> Table:
    """A table with a row a branch."""
    first = Column(said.words.text("Branch"))
    named = tuple((said.branch(one), *row) for one, row in zip(each(pack), rows, strict=True))
    return Table(title, (first, *columns), named, note, totals=1 if pack.branches else 0)


def volumes(pack: Pack, said: Said) -> Section:
    text = said.words.text
    shares = (Column(text("Complaints"), _COUNT), Column(text("of all"), _PERCENT))
    kinds = tuple(part.name for part in pack.total.volumes.received)
    blocks: list[Block] = []
    against = [one for one in each(pack) if one.volumes.against_quota is not None]
    if against:
        blocks.append(
            Bars(
                text("Complaints against the quota"),
                text("A bar for each branch: complaints in per cent of the quota, which is the line at 100%."),
                tuple(_against_quota(one, said) for one in against),
            )
        )
    blocks += [
        by_branch(
            pack,
            said,
            text("Complaints by branch"),
            (
                Column(text("Complaints"), _COUNT),
                Column(text("Quota"), _COUNT),
                Column(text("of the quota"), _PERCENT),
                Column(text("per 10,000 customers"), _NUMBER),
                Column(text("Cap"), _NUMBER),
                Column(text("of the cap"), _PERCENT),
            ),
            (_limits(one) for one in each(pack)),
        ),
        by_branch(
            pack,
            said,
            text("Records received by kind"),
            (
                *(Column(said.name("kind", kind), _COUNT) for kind in kinds),
                Column(text("Records"), _COUNT),
                Column(text("turned into complaints"), _COUNT),
                Column(text("history imported"), _COUNT),
            ),
            (
                (
                    *(part.count for part in one.volumes.received),
                    one.volumes.records,
                    one.volumes.turned_into_complaints,
                    one.volumes.imported,
                )
                for one in each(pack)
            ),
        ),
    ]
    for kind, title, name in _SPLITS:
        parts = getattr(pack.total.volumes, f"{kind}s")
        blocks.append(Table(text(title), (Column(text(name)), *shares), said.parts(kind, parts)))
    lead = text("A complaint counts once: in the month in which it was received, or became one.")
    return Section("volumes", text("What came"), lead, tuple(blocks))


def _against_quota(one: Figures, said: Said) -> Bar:
    share = one.volumes.against_quota
    assert share is not None, "only what has a quota is held against it"
    percent = share.percent or Decimal(0)
    words = said.words.text(
        "{count} against {quota}: {percent}",
        count=said.words.number(share.part),
        quota=said.words.number(share.whole),
        percent=said.percent(share.percent),
    )
    return Bar(said.branch(one), percent, words, Decimal(100), is_bad=percent > 100)


def _limits(one: Figures) -> tuple[Value, ...]:
    quota, per_10k = one.volumes.against_quota, one.volumes.per_10k_customers
    return (
        one.volumes.complaints,
        None if quota is None else quota.whole,
        None if quota is None else quota.percent,
        None if per_10k is None else per_10k.rate,
        None if per_10k is None else per_10k.cap,
        None if per_10k is None else per_10k.of_cap,
    )


def flow(pack: Pack, said: Said) -> Section:
    text = said.words.text
    closed = tuple(part.name for part in pack.total.flow.closed)
    stays = pack.total.stays
    blocks: tuple[Block, ...] = (
        by_branch(
            pack,
            said,
            text("Open records, from beginning to end"),
            (
                Column(text("open before"), _COUNT),
                Column(text("received"), _COUNT),
                Column(text("reopened"), _COUNT),
                *(Column(said.name("state", state), _COUNT) for state in closed),
                Column(text("open at the end"), _COUNT),
            ),
            (
                (
                    one.flow.opening,
                    one.flow.received,
                    one.flow.reopened,
                    *(part.count for part in one.flow.closed),
                    one.flow.closing,
                )
                for one in each(pack)
            ),
        ),
        Table(
            text("All records by state at the end of the month"),
            (Column(text("State")), Column(text("Records"), _COUNT), Column(text("of all"), _PERCENT)),
            said.parts("state", pack.total.flow.states),
        ),
        Bars(
            text("Time in each state"),
            text("A bar for each state: the median. The line is where nine of ten stays had ended."),
            tuple(
                Bar(
                    said.name("state", stay.state),
                    stay.median_seconds,
                    text(
                        "{median}; nine of ten within {p90}",
                        median=said.words.length(float(stay.median_seconds), short=True),
                        p90=said.words.length(float(stay.p90_seconds), short=True),
                    ),
                    stay.p90_seconds,
                )
                for stay in stays
            ),
        ),
        Table(
            text("Time in each state, of stays that ended in the month"),
            (
                Column(text("State")),
                Column(text("Stays"), _COUNT),
                Column(text("median"), _SECONDS),
                Column(text("nine of ten within"), _SECONDS),
            ),
            tuple(
                (said.name("state", stay.state), stay.count, stay.median_seconds, stay.p90_seconds) for stay in stays
            ),
        ),
    )
    lead = text("Of a complaint that comes back the clock begins again; what is merged goes on as another.")
    return Section("flow", text("What became of it"), lead, blocks)


def satisfaction(pack: Pack, said: Said) -> Stack:
    text, of = said.words.text, pack.total.satisfaction
    given = sum(of.answers)
    tones = (("unhappy", of.unhappy, "bad"), ("neutral", of.neutral, "plain"), ("delighted", of.delighted, "good"))
    return Stack(
        text("How customers answered"),
        text("One bar of all answers: the unhappy, the neutral and the delighted."),
        tuple(
            Slice(
                said.name("answer", name),
                count,
                f"{said.words.number(count)} · {said.percent(Decimal(100 * count) / given if given else None)}",
                tone,
            )
            for name, count, tone in tones
        ),
    )
