"""The sample complaints are what `amends import` and `amends demo` expect, and all of them are our own words."""

from __future__ import annotations

import csv
import itertools
import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from amends_intake.bodies import ComplaintBody

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples" / "complaints.ndjson"
GUIDE = ROOT / "samples" / "README.md"
REAL = ROOT.parent / "shared" / "data" / "cfpb_complaints.csv"

TYPES = {
    "staff_mistake_or_attitude",
    "waiting_time",
    "atm_card_or_cash",
    "system_failure",
    "closing_time",
    "mis_selling",
}
LISTED = ("channel", "type", "cause", "product", "severity", "desired_outcomes", "flags")
HAN = re.compile(r"[\u4e00-\u9fff]")


def load() -> list[dict[str, Any]]:
    return [json.loads(line) for line in SAMPLES.read_text("utf-8").splitlines()]


def is_chinese(sample: dict[str, Any]) -> bool:
    return HAN.search(sample["narrative"]) is not None


def is_telecom(sample: dict[str, Any]) -> bool:
    """Customers of the telecom operator have numbers from 20000, those of the bank from 10000."""
    return str(sample["customer"]["ref"]).startswith("C-2")


def words_of(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower())


def test_every_line_is_a_body_that_intake_takes() -> None:
    for line in SAMPLES.read_text("utf-8").splitlines():
        body = ComplaintBody.model_validate_json(line)
        assert body.kind == "complaint"
        assert body.customer.name
        assert body.customer.phone


def test_no_personal_data_stands_in_a_field_that_stays_clear() -> None:
    for sample in load():
        clear = json.dumps({k: v for k, v in sample.items() if k not in ("customer", "narrative")}, ensure_ascii=False)
        assert not re.search(r"Mr\.|Mrs\.|Ms\.|女士|先生|\+86|555-", clear), sample["external_ref"]
        assert all(re.fullmatch(r"S-\d{4}", staff) for staff in sample.get("complained_of", []))


def test_there_are_at_least_44_and_each_has_a_reference_of_its_own() -> None:
    references = [sample["external_ref"] for sample in load()]
    assert len(references) >= 44
    assert references == [f"sample:{number:03}" for number in range(1, len(references) + 1)]


def test_no_two_tell_the_same_story() -> None:
    repeated = [story for story, count in Counter(sample["narrative"] for sample in load()).items() if count > 1]
    assert repeated == []


def test_every_complaint_type_is_told_at_the_bank_and_the_operator_in_english_and_chinese() -> None:
    told = {(sample["type"], is_telecom(sample), is_chinese(sample)) for sample in load()}
    assert told == set(itertools.product(TYPES, (False, True), (False, True)))


def test_about_half_are_in_chinese_and_about_half_are_of_the_operator() -> None:
    samples = load()
    assert 0.4 <= sum(map(is_chinese, samples)) / len(samples) <= 0.6
    assert 0.4 <= sum(map(is_telecom, samples)) / len(samples) <= 0.6


def test_they_run_from_two_sentences_to_a_long_letter() -> None:
    lengths = sorted(len(sample["narrative"]) for sample in load())
    assert lengths[0] < 100
    assert lengths[-1] > 1_500


def test_a_media_threat_a_vulnerable_customer_a_repeat_and_a_sensitive_source_are_among_them() -> None:
    samples = load()
    flags = {flag for sample in samples for flag in sample.get("flags", ())}
    assert flags >= {
        "media-threat",
        "vulnerable",
        "urgent",
        "repeat",
        "regulator-watch",
        "persistent",
        "severe",
        "complex",
    }
    assert {sample["channel"] for sample in samples} >= {"media", "regulator", "head_office"}


def test_a_repeat_comes_from_a_customer_who_complained_of_the_same_before_or_of_what_followed() -> None:
    samples = load()
    for index, sample in enumerate(samples):
        if "repeat" in sample.get("flags", ()):
            earlier = [before["customer"] for before in samples[:index]]
            assert sample["customer"] in earlier, sample["external_ref"]


def test_no_time_is_given_so_that_the_clocks_start_when_a_sample_is_sent() -> None:
    assert [sample["external_ref"] for sample in load() if {"occurred_at", "reply_by"} & sample.keys()] == []


def test_names_are_surnames_and_telephone_numbers_are_fictional() -> None:
    for sample in load():
        customer = sample["customer"]
        assert re.fullmatch(r"C-\d{5}", customer["ref"])
        assert re.fullmatch(r"(Ms|Mr|Mrs)\. [A-Z][a-z]+|[\u4e00-\u9fff]{1,2}(女士|先生)", customer["name"])
        assert re.fullmatch(r"555-01\d\d|\+86 000 0000 \d{4}", customer["phone"])


def test_one_customer_has_one_name_and_one_number() -> None:
    people = {(c["ref"], c["name"], c["phone"]) for c in (sample["customer"] for sample in load())}
    assert len(people) == len({ref for ref, _, _ in people})


def test_the_guide_explains_every_value_that_the_samples_use() -> None:
    explained = set(re.findall(r"`([a-z_-]+)`", GUIDE.read_text("utf-8")))
    used: set[str] = set()
    for sample in load():
        for field in LISTED:
            value = sample.get(field, [])
            used.update([value] if isinstance(value, str) else value)
    assert used <= explained, used - explained


@pytest.mark.skipif(not REAL.exists(), reason="the public complaints are not on this machine")
def test_no_sentence_is_taken_from_the_public_complaints() -> None:
    run_words = 8

    def runs_of(text: str) -> set[tuple[str, ...]]:
        words = words_of(text)
        return {tuple(words[i : i + run_words]) for i in range(len(words) - run_words + 1)}

    ours = set().union(*(runs_of(sample["narrative"]) for sample in load()))
    csv.field_size_limit(sys.maxsize)
    with REAL.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            taken = ours & runs_of(row["Consumer complaint narrative"] or "")
            assert [" ".join(run) for run in taken] == []
