"""From a pack to the document that people read."""

from __future__ import annotations

from amends_domain.measures.pack import Pack
from amends_platform.words import words
from amends_workflow.reports.document import Document, Headline
from amends_workflow.reports.keeping import deadlines, trouble
from amends_workflow.reports.learning import causes, customers, discussed, reconciled, standards
from amends_workflow.reports.sections import flow, volumes
from amends_workflow.reports.wording import NOTHING, Said


def composed(pack: Pack, language: str) -> Document:
    """The pack in words."""
    said = Said(words(language), pack.timezone)
    text = said.words.text
    sections = [
        volumes(pack, said),
        flow(pack, said),
        deadlines(pack, said),
        customers(pack, said),
        trouble(pack, said),
        causes(pack, said),
        *([standards(pack, said)] if pack.total.standards else []),
        discussed(pack, said),
        reconciled(pack, said),
    ]
    wrong = sum(not each.holds for each in pack.reconciliations)
    return Document(
        language=said.words.language,
        title=text("Complaints in {month}", month=said.words.month(pack.month)),
        subtitle=_subtitle(pack, said),
        zone=pack.timezone,
        warning=text("{count} totals do not reconcile: see the end of the report.", count=wrong) if wrong else "",
        assurance=text("Every total reconciles with its parts, and with what the log holds."),
        headlines=tuple(_headlines(pack, said)),
        sections=tuple(sections),
        facts=tuple(_facts(pack, said)),
        note=text(
            "Counts are exact; what is shown has two places, halves away from zero. docs/measures.md defines every"
            " figure."
        ),
    )


def _subtitle(pack: Pack, said: Said) -> str:
    text = said.words.text
    branch = text("all branches") if pack.branch is None else text("branch {branch}", branch=pack.branch)
    until = said.words.instant(pack.until, pack.timezone)
    state = text("frozen") if pack.is_over else text("to date, {time}", time=until)
    return said.words.clauses((branch, state, text("times of {zone}", zone=pack.timezone)))


def _headlines(pack: Pack, said: Said) -> list[Headline]:
    text, total = said.words.text, pack.total
    quota, per_10k = total.volumes.against_quota, total.volumes.per_10k_customers
    timeliness, satisfied, score = total.timeliness.kept, total.satisfaction.satisfied, total.scorecard.score
    return [
        Headline(
            text("Complaints"),
            said.words.number(total.volumes.complaints),
            "" if quota is None else text("{percent} of the quota", percent=said.percent(quota.percent)),
            None if quota is None or quota.percent is None else quota.percent > 100,
        ),
        Headline(
            text("per 10,000 customers"),
            NOTHING if per_10k is None else said.words.number(per_10k.rate, 2),
            "" if per_10k is None or per_10k.cap is None else text("cap {cap}", cap=said.words.number(per_10k.cap)),
            None if per_10k is None or per_10k.cap is None else per_10k.rate > per_10k.cap,
        ),
        Headline(text("Deadlines met"), said.percent(timeliness.percent), said.share(timeliness)),
        Headline(text("Satisfaction rate"), said.percent(satisfied.percent), said.share(satisfied)),
        Headline(text("On the spot"), said.percent(total.on_the_spot.percent), said.share(total.on_the_spot)),
        *([] if score is None else [Headline(text("Score"), said.words.number(score), "")]),
    ]


def _facts(pack: Pack, said: Said) -> list[tuple[str, str]]:
    text = said.words.text
    begins, until = (said.words.instant(at, pack.timezone) for at in (pack.begins_at, pack.until))
    in_force, *others = (f"{each.name} {each.version} ({each.hash})" for each in pack.policies)
    facts = [
        (text("Period"), text("recorded from {begins} until before {until}", begins=begins, until=until)),
        (text("Cut"), text("position {position} of the log", position=said.words.number(pack.position))),
        (text("Policy in force"), in_force),
        (text("Other policies that judged"), said.words.listed(others) or NOTHING),
    ]
    if pack.checkpoint is not None:
        size = said.words.number(pack.checkpoint.tree_size)
        facts += [
            (
                text("Signed checkpoint"),
                text("{size} events, root {root}", size=size, root=pack.checkpoint.root_hash),
            ),
            (text("Signed note"), pack.checkpoint.note),
        ]
    elif pack.is_over:
        facts.append((text("Signed checkpoint"), text("unsigned: nothing is signed here")))
    return facts
