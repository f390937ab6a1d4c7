"""Broken policies: each is refused with one clear mistake, its line, and what was expected."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from amends_domain.documents import DocumentError, DocumentErrors
from amends_domain.policy_document import PolicyDocument, read_policy
from amends_platform.policy.files import PolicyFileError, load_policy
from amends_platform.policy.yaml_text import read_yaml
from tests.support.policy_documents import FULL_FILE, GOOD_FILE, changed

ODD: list[Any] = [
    None,
    "",
    "x",
    0,
    -1,
    Decimal("1.5"),
    True,
    [],
    [None],
    [[]],
    [{}],
    {},
    {"x": None},
    {"": ""},
    date(2026, 1, 1),
]
Place = tuple[str | int, ...]


def refused(directory: Path, content: str | bytes) -> PolicyFileError:
    file = directory / "policy.yaml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(PolicyFileError) as error:
        load_policy(file)
    return error.value


@pytest.mark.parametrize("text", [GOOD_FILE, FULL_FILE])
def test_what_is_broken_below_was_good(tmp_path: Path, text: str) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(text, encoding="utf-8")
    assert load_policy(file).policy.hash


@pytest.mark.parametrize(
    ("content", "line", "column", "path", "message"),
    [
        (changed("warn:", "warm:"), 14, 5, "clocks.apology.warm", "unknown key 'warm': did you mean 'warn'?"),
        (GOOD_FILE + "clock: {}\n", 18, 1, "clock", "unknown key 'clock': did you mean 'clocks'?"),
        (GOOD_FILE + "version: 2\n", 18, 1, "version", "the key 'version' is given twice, first in line 3"),
        (
            changed("due: 24h", "due: 24h\n    due: 25h"),
            14,
            5,
            "clocks.apology.due",
            "the key 'due' is given twice, first in line 13",
        ),
        (
            changed("version: 1", "version: one"),
            3,
            10,
            "version",
            "expected a version: a whole number from 1, not 'one'",
        ),
        (changed("due: 24h", "due: 24 hours"), 13, 10, "clocks.apology.due", "expected a duration such as 30s, 15m"),
        (changed("due: 24h", "due: -24h"), 13, 10, "clocks.apology.due", "a duration is never negative: '-24h'"),
        (changed("due: 24h", "due:"), 10, 3, "clocks.apology", "'due' is missing"),
        (changed("Asia/Shanghai", "Asia/Beijing"), 5, 11, "timezone", "unknown time zone 'Asia/Beijing'"),
        (
            changed("country: CN", "country: CHN"),
            6,
            21,
            "calendar.country",
            "unknown country 'CHN': expected a two-letter",
        ),
        (changed("country: CN", "country: cn"), 6, 21, "calendar.country", "unknown country 'cn': did you mean 'CN'?"),
        (changed("    stop: [apology-given]\n", ""), 10, 3, "clocks.apology", "'stop' is missing"),
        (
            changed("[apology-given]", "[apologised]"),
            12,
            12,
            "clocks.apology.stop[0]",
            "unknown event type 'apologised'",
        ),
        (
            changed("from: complaint-received\n", "from: complaint-recieved\n"),
            11,
            11,
            "clocks.apology.from",
            "unknown event type 'complaint-recieved': did you mean 'complaint-received'?",
        ),
        (
            changed("due: 24h", "due: 24h\n    at_most: 7d"),
            14,
            5,
            "clocks.apology.at_most",
            "at_most goes with `due: agreed` only",
        ),
        (
            changed("supervisor: 500", "supervisor: some"),
            17,
            15,
            "authority.supervisor",
            "expected an amount, or unlimited",
        ),
        (changed("timezone: Asia/Shanghai\n", ""), 2, 1, "the document", "'timezone' is missing"),
        (changed("2026-01-01", "2026-02-30"), 4, 17, "effective_from", "there is no such day as 2026-02-30"),
        (changed("2026-01-01", "2026-01-01T00:00:00Z"), 4, 17, "effective_from", "expected a date such as 2026-01-01"),
        (changed("500", "0x1F4"), 17, 15, "authority.supervisor", "expected a number in plain digits such as 500"),
        (
            changed("500", "1e999999999"),
            17,
            15,
            "authority.supervisor",
            "expected a number in plain digits such as 500",
        ),
        (changed("apology:", "1:"), 10, 3, "clocks", "expected a text as key: put '1' in quotes"),
        (changed("due: 24h", "due: &day 24h"), 13, 10, "clocks.apology.due", "anchors and aliases are not used here"),
        (changed("due: 24h", "due: !long 24h"), 13, 10, "clocks.apology.due", "tags are not used here: '!long'"),
        (changed("due: 24h", "due: [24h"), 14, 9, "the document", "not YAML: while parsing a flow sequence"),
        (changed("    due: 24h", "\tdue: 24h"), 13, 1, "the document", "not YAML: "),
        (GOOD_FILE + "---\npolicy: other\n", 18, 1, "the document", "expected a single document"),
        (GOOD_FILE + "ladder: \x00\n", 18, 1, "the document", "not YAML: special characters are not allowed"),
        (
            "",
            1,
            1,
            "the document",
            "expected a policy: a mapping with policy, version, effective_from, timezone",
        ),
        ("# nothing yet\n", 1, 1, "the document", "expected a policy: a mapping"),
        ("- policy\n- version\n", 1, 1, "the document", "and clocks, not a list"),
        ("bank-cn", 1, 1, "the document", "not 'bank-cn'"),
        ("[" * 1000, 1, 1, "the document", "nested too deeply"),
        ("a: &a [*a]", 1, 4, "a", "anchors and aliases are not used here"),
        ("#" * 200_001, 1, 1, "the document", "expected at most 200000 characters"),
        (
            GOOD_FILE.replace("north", "nörth").encode("latin-1"),
            2,
            10,
            "the document",
            "expected UTF-8, not the byte 0xf6",
        ),
    ],
)
def test_a_bad_policy_file_is_refused_with_its_line_and_what_was_expected(
    tmp_path: Path, content: str | bytes, line: int, column: int, path: str, message: str
) -> None:
    [mistake] = refused(tmp_path, content).mistakes
    assert (mistake.line, mistake.column, mistake.path) == (line, column, path)
    assert message in mistake.message


# Each breaks one thing in a policy that has every section: the name of the mistake, what is written instead of what,
# the line, and a part of what is said.
BROKEN = {
    "an unknown section": (
        "late_entry: 1h",
        "late_entries: 1h",
        43,
        "unknown key 'late_entries': did you mean 'late_en",
    ),
    "a section given twice": ("late_entry: 1h", "mass: {}", 43, "the key 'mass' is given twice, first in line 41"),
    "a clock given twice": ("  refund:\n", "  callback:\n", 29, "the key 'callback' is given twice, first in line 18"),
    "a part of another country": (
        "subdivision: ENG",
        "subdivision: NSW",
        6,
        "GB has no subdivision 'NSW': expected one",
    ),
    "a part of no country": ("country: GB, ", "", 6, "a subdivision is a part of a country, and none is given"),
    "an unknown pack": ("[uk-disp]", "[uk-disq]", 7, "unknown pack 'uk-disq': did you mean 'uk-disp'?"),
    "a pack given twice": ("[uk-disp]", "[uk-disp, uk-disp]", 7, "the pack 'uk-disp' is included twice"),
    "a pack that is no list": ("[uk-disp]", "uk-disp", 7, "expected a list of built-in policies such as [uk-disp]"),
    "a clock that a pack has, too": (
        "  refund:\n",
        "  disp_final_response:\n",
        7,
        "two clocks are called 'disp_final_response': one in this policy, one in the pack 'uk-disp'",
    ),
    "two packs with one clock": (
        "[uk-disp]",
        "[uk-disp, bank-cn]",
        7,
        "two clocks are called 'callback': one in this policy, one in the pack 'bank-cn'",
    ),
    "a role that is no word of a subject": ("[general_office]", "[General Office]", 9, "a role such as general_office"),
    "a wrong duration": ("due: 15d", "due: 15 d", 14, "expected a duration such as 30s, 15m, 24h, 7d, 5bd or same_day"),
    "business days that are none": ("due: 3bd", "due: 0bd", 26, "'0bd' is no duration: write 0h for at once"),
    "a duration of many years": ("due: 15d", "due: 5000d", 14, "'5000d' is longer than ten years"),
    "a misspelt agreement": ("due: agreed", "due: agred", 21, "unknown due time 'agred': did you mean 'agreed'?"),
    "an extension no longer than the due time": ("to: 30d", "to: 15d", 16, "expected longer than the due time, 15d"),
    "extensions in the wrong order": (
        "to: 30d, requires: {flag: complex}}\n      - {to: 60d",
        "to: 60d, requires: {flag: complex}}\n      - {to: 30d",
        17,
        "expected longer than the extension before it, 60d: each extension is longer than the one before",
    ),
    "business days no longer than days": ("to: 30d", "to: 10bd", 16, "expected longer than the due time, 15d"),
    "an extension that needs two things": (
        "{flag: complex}",
        "{flag: complex, action: x}",
        16,
        "expected exactly one of",
    ),
    "an extension that needs an unknown thing": ("{flag: complex}", "{flags: complex}", 16, "unknown key 'flags': did"),
    "an extension by no action": ("{flag: complex}", "{action: Holding reply}", 16, "an action such as holding_reply_"),
    "no extensions": (
        "    extend:\n      - {to: 30d, requires: {flag: complex}}\n      - {to: 60d, requires: {approval: "
        "department_head}}\n",
        "    extend: []\n",
        15,
        "expected at least one extension",
    ),
    "longer terms of an agreed time": (
        "extend: {requires: customer-agreed, at_most: 7d}",
        "extend: [{to: 9d, requires: {flag: x}}]",
        22,
        "longer terms go with a fixed due time, and this clock's is agreed",
    ),
    "an agreement on a fixed time": (
        "    due: 5bd\n",
        "    due: 5bd\n    extend: {requires: customer-agreed, at_most: 7d}\n",
        33,
        "only a time agreed with the customer (`due: agreed`) moves by agreement",
    ),
    "an action that is none": (
        "action:customer_told",
        "action:Customer told",
        24,
        "expected an action such as action:",
    ),
    "a clock that starts from a breach": (
        "from: promise-made",
        "from: deadline-breached",
        28,
        "unknown event type 'deadline-breached'",
    ),
    "a start that is no event": ("from: promise-made", "from: promised", 28, "unknown event type 'promised'"),
    "an unknown debtor": ("owed_by: customer", "owed_by: client", 27, "unknown debtor 'client': expected one of"),
    "a ladder over a customer's time": (
        "owed_by: customer",
        "owed_by: customer\n    ladder: [{after: 0h, to: x}]",
        28,
        "nobody is told when it is the customer's own time that runs out",
    ),
    "a promise that is not promised": (
        "due: promised, warn",
        "due: 1d, warn",
        28,
        "expected promised: the clock promise is kept for that",
    ),
    "a promise that something else keeps": (
        "[promise-kept]",
        "[followed-up]",
        28,
        "expected [promise-kept]: the clock",
    ),
    "a promise by another name": (
        "  promise: {from",
        "  pledge: {from",
        28,
        "`due: promised` is for the clocks promise",
    ),
    "an urgent promise": (
        "warn: [75%]",
        "urgent: 1h",
        28,
        "urgent replaces a fixed due time, and this clock's is promi",
    ),
    "a source that says nothing": (
        "    due: 5bd\n",
        "    due: 5bd\n    source: 1\n",
        33,
        "expected where the rule comes",
    ),
    "a step at two times": ("{before: 1bd, to", "{before: 1bd, after: 1bd, to", 34, "exactly one of after and before"),
    "a step at no time": ("{before: 1bd, to", "{to", 34, "expected exactly one of after and before"),
    "a step before by the same day": (
        "{before: 1bd, to",
        "{before: same_day, to",
        34,
        "same_day cannot be counted backw",
    ),
    "a step at once before": ("{before: 1bd, to", "{before: 0h, to", 34, "expected a duration longer than nothing"),
    "a step to nobody": ("{after: 0h, to: service_admin}", "{after: 0h}", 36, "'to' is missing"),
    "a step to no word of a subject": (
        "to: service_admin",
        "to: service.admin",
        36,
        "a role such as department_manager",
    ),
    "a step for an unknown clock": (
        "clock: [decision]",
        "clock: [decisions]",
        37,
        "unknown clock 'decisions': did you",
    ),
    "a step for an unknown grade": ("grade: [major]", "grade: [huge]", 37, "unknown grade 'huge': expected one of"),
    "a step for a type": ("clock: [decision]", "type: [decision]", 37, "unknown key 'type': expected clock, grade"),
    "a clock's own step for another clock": (
        "{before: 1bd, to: cashier}",
        "{before: 1bd, to: cashier, when: {clock: refund}}",
        34,
        "unknown key 'clock': expected grade",
    ),
    "a role that is told twice": (
        "{after: 1bd, to: vice_president, when",
        "{after: 0h, to: service_admin, when",
        37,
        "service_admin is told twice, 0h after the due time",
    ),
    "one approval to close unsatisfied": ("[department_head, executive]", "[executive]", 40, "expected two roles: to"),
    "a handler who closes": ("[department_head, executive]", "[handler, executive]", 40, "unknown role 'handler'"),
    "an incident of one": ("count: 10", "count: 1", 41, "expected a count from 2, not the number 1"),
    "a repeat of nothing": ("[customer, type]", "[]", 42, "expected a property, or a list of them, not an empty list"),
    "a late entry at once": ("late_entry: 1h", "late_entry: 0h", 43, "expected a duration longer than nothing"),
    "a head who is nobody": (
        "{north-street: s-1}",
        "{north-street: }",
        44,
        "the staff id of the branch's head, not no",
    ),
    "a survey with a gap": ("unhappy: 1-6", "unhappy: 1-5", 45, "to share out the answers 1 to 10, each once"),
    "a quota below nothing": ("volume: 130", "volume: -1", 46, "expected a whole number from 0, not the number -1"),
    "a scorecard of words": (
        "escalation: 0.6",
        "escalation: much",
        47,
        "expected a number of points from 0, not 'much'",
    ),
    "points for something else": (
        "mass_incident: 0.5",
        "incident: 0.5",
        47,
        "unknown key 'incident': did you mean 'mass_",
    ),
    "a standard of no kind": (
        "kind: timeliness",
        "kind: timelines",
        49,
        "unknown kind 'timelines': did you mean 'timeliness'?",
    ),
    "a standard from nothing that happens": (
        "from: complaint-received, to: [",
        "from: complaint-recieved, to: [",
        49,
        "unknown event type 'complaint-recieved': did you mean 'complaint-received'?",
    ),
    "a standard to nothing": ("to: [apology-given]", "to: []", 49, "expected at least one event type or action:NAME"),
    "a standard without a time": (" within: 24h, target", " target", 49, "'within' is missing"),
    "a standard without per cent": (
        "target: 95%",
        "target: 95",
        49,
        "expected a percentage such as 95%, not the number",
    ),
    "a standard of more than all": ("target: 95%", "target: 101%", 49, "expected a percentage such as 95%, not '101%'"),
    "accuracy in time": ("of: followed-up", "within: 3d, of: followed-up", 50, "unknown key 'within'"),
    "a standard of a strange name": ("name: settled", "name: Settled!", 50, "a standard's name such as first_apology"),
    "a standard that is there twice": ("name: settled", "name: apology", 50, "the standard 'apology' is given twice"),
    "a title in no language": (
        "title: {en: Settled}",
        "title: {english: Settled}",
        50,
        "expected a language such as en",
    ),
    "an index of nothing": (
        "of: {listened: 3, explained: {weight: 2, title: {en: We explained}}}",
        "of: {}",
        52,
        "expected at least one indicator",
    ),
    "an indicator that weighs nothing": (
        "speed: 40",
        "speed: 0",
        53,
        "expected a weight: a number above 0, not the nu",
    ),
    "an indicator without a weight": ("speed: 40", "speed: {title: {en: Soon}}", 53, "'weight' is missing"),
    "an indicator that stands twice": ("listened: 3", "speed: 3", 53, "the indicator 'speed' stands in the tree twice"),
    "an indicator of a strange name": ("  speed: 40", "  Speed!: 40", 53, "an indicator's name such as politeness"),
    "a playbook for no type": ("  waiting_time:\n", "  Waiting time:\n", 55, "a complaint type such as waiting_time"),
    "a playbook in no language": ("    en:\n", "    english:\n", 56, "expected a language such as en or zh, not 'engl"),
    "a playbook without first words": ("      first_words: We are sorry.\n", "", 56, "'first_words' is missing"),
    "a playbook that asks nothing": ("[How long?]", "[]", 58, "expected at least one text: what to ask"),
    "a playbook that avoids one text": ("avoid: [Excuses.]", "avoid: Excuses.", 59, "a list of texts: what to avoid"),
    "a playbook with more": ("times: Today.", "times: Today.\n      smile: true", 61, "unknown key 'smile'"),
}


@pytest.mark.parametrize("mistake", BROKEN)
def test_each_mistake_in_a_policy_is_told_once_and_with_its_line(tmp_path: Path, mistake: str) -> None:
    old, new, line, message = BROKEN[mistake]
    [told] = refused(tmp_path, changed(old, new, FULL_FILE)).mistakes
    assert message in told.message
    assert told.line == line


def paths(value: Any, path: Place = ()) -> Iterator[Place]:
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from paths(child, (*path, key))


def mistakes(document: Any, packs: Mapping[str, PolicyDocument]) -> tuple[DocumentError, ...]:
    try:
        read_policy(document, packs)
    except DocumentErrors as error:
        return error.errors
    return ()


def test_whatever_stands_anywhere_is_read_or_refused_and_each_place_tells_one_mistake() -> None:
    good = read_yaml(FULL_FILE).value
    packs = {"uk-disp": read_policy(read_yaml(load_policy("uk-disp").document).value)}
    refusals = 0
    for path in list(paths(good))[1:]:
        for odd in ODD:
            document = copy.deepcopy(good)
            parent = document
            for key in path[:-1]:
                parent = parent[key]
            parent[path[-1]] = odd
            told = mistakes(document, packs)
            refusals += bool(told)
            wrong_values = [each.path for each in told if not each.at_key]
            assert len(wrong_values) == len(set(wrong_values)), (path, odd, told)
    assert refusals > 1000
