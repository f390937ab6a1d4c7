"""What is made of files of complaints: which format, which rows, which reasons, and what can be imported again."""

from __future__ import annotations

import io
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from amends_platform.failures import Failure, WrongUsage
from amends_platform.importing.cfpb import COLUMNS
from amends_platform.importing.formats import Format, count_rows, format_of, read
from amends_platform.importing.lines import LINE_BYTES_MAX
from amends_platform.importing.rejects import Rejects
from amends_platform.importing.rows import BadRow, Row, Timing, prepared

Write = Callable[..., Path]

PUBLISHED = {
    "Date received": "2011-12-23",
    "Product": "Credit card",
    "Sub-product": "None",
    "Issue": "Billing disputes",
    "Sub-issue": "Charged twice",
    "Consumer complaint narrative": "They charged me twice.",
    "Company public response": "None",
    "Company": "Harbour Bank, N.A.",
    "State": "OR",
    "ZIP code": "970XX",
    "Tags": "None",
    "Consumer consent provided?": "Consent provided",
    "Submitted via": "Postal mail",
    "Date sent to company": "2011-12-27",
    "Company response to consumer": "Closed with explanation",
    "Timely response?": "Yes",
    "Consumer disputed?": "N/A",
    "Complaint ID": "4711",
}


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(content: str | bytes, name: str = "complaints.csv") -> Path:
        file = tmp_path / name
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    return write


def rows_of(content: str | bytes, format: Format, encoding: str = "utf-8") -> list[Row]:  # noqa: A002
    data = content.encode() if isinstance(content, str) else content
    return list(read(io.BytesIO(data), format, encoding).rows)


def body(row: Row) -> dict[str, Any]:
    assert not isinstance(row.body, BadRow), row.body
    return row.body


def reason(row: Row) -> str:
    assert isinstance(row.body, BadRow), row.body
    return str(row.body)


def published(*records: dict[str, str]) -> str:
    def line(values: list[str]) -> str:
        return ",".join('"' + value.replace('"', '""') + '"' for value in values)

    return "\n".join(
        [line(list(COLUMNS)), *(line([(PUBLISHED | record)[name] for name in COLUMNS]) for record in records)]
    )


def one_published(**record: str) -> Row:
    (row,) = rows_of(published({name.replace("_", " "): value for name, value in record.items()}), Format.CFPB)
    return row


# ndjson


def test_a_line_of_ndjson_is_a_body() -> None:
    rows = rows_of('{"channel": "phone"}\n\n{"channel": "web"}', Format.NDJSON)
    assert [(row.line, body(row)) for row in rows] == [(1, {"channel": "phone"}), (3, {"channel": "web"})]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"channel": ', "this is no JSON"),
        ('["phone"]', "a row is a JSON object"),
        ("phone", "this is no JSON"),
    ],
)
def test_a_line_that_is_no_object_is_rejected_with_its_number(line: str, said: str) -> None:
    good, bad = rows_of('{"channel": "phone"}\n' + line, Format.NDJSON)
    assert body(good)
    assert bad.line == 2
    assert said in reason(bad)


def test_bad_utf8_is_rejected_where_it_is_and_the_rest_is_read() -> None:
    first, bad, last = rows_of(b'{"a": 1}\n{"b": "caf\xe9"}\n{"c": 3}\n', Format.NDJSON)
    assert body(first) == {"a": 1}
    assert body(last) == {"c": 3}
    assert reason(bad) == "line 2 is not UTF-8 (byte 0xe9 at 11)"


def test_a_byte_order_mark_is_no_part_of_the_first_row() -> None:
    assert body(rows_of(b'\xef\xbb\xbf{"a": 1}', Format.NDJSON)[0]) == {"a": 1}
    (row,) = rows_of(b"\xef\xbb\xbf" + TABLE.encode(), Format.CSV)
    assert body(row)["channel"] == "phone"


def test_a_line_without_end_does_not_fill_the_memory() -> None:
    long, short = rows_of(b'{"a": "' + b"x" * (3 * LINE_BYTES_MAX) + b'"}\n{"b": 2}\n', Format.NDJSON)
    assert "longer than" in reason(long)
    assert len(long.text) <= LINE_BYTES_MAX
    assert (short.line, body(short)) == (2, {"b": 2})


# csv

TABLE = """\
channel,branch,customer_ref,customer_phone,narrative,flags,historical
phone,north-street,C-1,555-0101,"The machine, it kept my card.",urgent; vulnerable,
"""


def test_a_record_of_a_table_is_a_body() -> None:
    (row,) = rows_of(TABLE, Format.CSV)
    assert body(row) == {
        "channel": "phone",
        "branch": "north-street",
        "narrative": "The machine, it kept my card.",
        "flags": ["urgent", "vulnerable"],
        "customer": {"ref": "C-1", "phone": "555-0101"},
    }


def test_a_record_over_several_lines_has_the_number_of_its_first() -> None:
    content = TABLE + 'web,b,C-2,,"One,\n\ntwo,\nthree.",,\n\nphone,b,C-3,,Four.,,maybe\n'
    first, second, third = rows_of(content, Format.CSV)
    assert (first.line, second.line, third.line) == (2, 3, 8)
    assert body(second)["narrative"] == "One,\n\ntwo,\nthree."
    assert "historical is 'maybe'" in reason(third)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_tables_are_read_as_spreadsheets_write_them(delimiter: str, line_end: str) -> None:
    content = line_end.join(["channel,branch,customer_ref,narrative", "phone,b,C-1,Lost.", ""])
    (row,) = rows_of(content.replace(",", delimiter), Format.CSV)
    assert body(row) == {"channel": "phone", "branch": "b", "narrative": "Lost.", "customer": {"ref": "C-1"}}


def test_a_table_in_another_encoding_is_read_when_it_is_named() -> None:
    content = "channel,branch,customer_ref,narrative\nphone,城西支行,C-1,卡被吞了。\n".encode("gb18030")
    (row,) = rows_of(content, Format.CSV, "gb18030")
    assert body(row)["branch"] == "城西支行"
    assert "is not UTF-8" in reason(rows_of(content, Format.CSV)[0])


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ("phone,b,C-1", "3 columns where the header has 7"),
        ("phone,b,C-1,,Lost.,,,,", "9 columns where the header has 7"),
        ("phone,,,,Lost.,,", "branch and customer_ref are empty"),
        ('phone,b,C-1,,"Lost" my card.,,', "this is no CSV record"),
    ],
)
def test_a_record_that_is_no_complaint_is_rejected_and_the_next_is_read(record: str, said: str) -> None:
    _, bad, good = rows_of(TABLE + record + "\nweb,b,C-9,,Found.,,\n", Format.CSV)
    assert (bad.line, good.line) == (3, 4)
    assert said in reason(bad)
    assert body(good)["channel"] == "web"


def test_a_quote_that_is_never_closed_is_rejected_where_it_opens() -> None:
    _, bad = rows_of(TABLE + 'phone,b,C-1,,"Lost.,,\nweb,b,C-2,,Found.,,\n', Format.CSV)
    assert bad.line == 3
    assert "a quote that opens in it is never closed" in reason(bad)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("channel,branch,customer_ref", "The column narrative is missing."),
        ("channel,branch,customer_ref,narrative,chanel", "There is no field 'chanel'. Did you mean channel?"),
        ("channel,branch,customer_ref,narrative,branch", "The column branch is there twice."),
    ],
)
def test_a_table_with_wrong_columns_is_refused_whole(header: str, said: str) -> None:
    with pytest.raises(Failure, match=said.replace("?", r"\?")):
        rows_of(header + "\n", Format.CSV)


# cfpb


@pytest.mark.parametrize("received", ["12/23/11", "12/23/2011", "2011-12-23"])
def test_all_three_ways_to_write_a_date_mean_the_same_day(received: str) -> None:
    assert body(one_published(Date_received=received))["occurred_at"] == "2011-12-23T12:00:00+00:00"


@pytest.mark.parametrize("received", ["23/12/2011", "2011-13-01", "yesterday", "12/23/011"])
def test_a_date_that_is_none_is_rejected(received: str) -> None:
    assert "Date received is" in reason(one_published(Date_received=received))


def test_a_published_complaint_keeps_all_that_was_published() -> None:
    row = one_published(Tags="Older American, Servicemember")
    assert body(row) == {
        "external_ref": "cfpb:4711",
        "channel": "postal_mail",
        "branch": "Harbour Bank, N.A.",
        "product": "Credit card",
        "occurred_at": "2011-12-23T12:00:00+00:00",
        "narrative": "They charged me twice.",
        "customer": {
            "ref": "cfpb-4711",
            "state": "OR",
            "zip_code": "970XX",
            "published": {
                "issue": "Billing disputes",
                "sub_issue": "Charged twice",
                "consent": "Consent provided",
                "sent_to_company": "2011-12-27",
                "company_response": "Closed with explanation",
                "timely_response": "Yes",
            },
        },
        "flags": ["older_american", "servicemember"],
    }


def test_where_no_narrative_was_published_the_text_says_so() -> None:
    row = one_published(**{"Consumer complaint narrative": ""})
    assert body(row)["narrative"] == "[No narrative was published. Issue: Billing disputes — Charged twice]"


def test_a_complaint_sent_on_before_it_was_received_is_taken() -> None:
    row = one_published(Date_received="2011-12-28")
    assert body(row)["customer"]["published"]["sent_to_company"] == "2011-12-27"


@pytest.mark.parametrize("column", ["Complaint ID", "Company", "Date received", "Submitted via"])
def test_what_a_published_complaint_cannot_do_without_is_named(column: str) -> None:
    assert reason(one_published(**{column: "None"})) == f"{column} is empty"


def test_another_table_is_not_taken_for_the_published_one() -> None:
    with pytest.raises(Failure, match="no column Product, Issue"):
        rows_of("Date received,Company,Submitted via,Complaint ID\n", Format.CFPB)


# formats


@pytest.mark.parametrize(
    ("content", "name", "format_"),
    [
        ('{"a": 1}\n', "complaints", Format.NDJSON),
        ("\n", "complaints.jsonl", Format.NDJSON),
        (published({}), "export", Format.CFPB),
        (published({}), "export.csv", Format.CFPB),
        (TABLE, "complaints", Format.CSV),
        ("a,b\n", "complaints.csv", Format.CSV),
        ("a,b\n", "complaints.csv.rejected", Format.CSV),
    ],
)
def test_a_format_is_told_from_the_header_or_the_name(write: Write, content: str, name: str, format_: Format) -> None:
    assert format_of(write(content, name), "utf-8") is format_


@pytest.mark.parametrize(
    ("content", "failure", "said"),
    [
        ("a,b\n1,2\n", WrongUsage, "Say --format"),
        ('[{"a": 1}]', WrongUsage, "one JSON array"),
        ("channel".encode("utf-16"), Failure, "UTF-16"),
    ],
)
def test_a_file_that_cannot_be_told_is_refused_with_advice(
    write: Write, content: str | bytes, failure: type[Failure], said: str
) -> None:
    with pytest.raises(failure, match=said):
        format_of(write(content, "complaints"), "utf-8")


@pytest.mark.parametrize("format_", Format)
def test_an_empty_file_has_no_rows(write: Write, format_: Format) -> None:
    assert rows_of("", format_) == []
    assert count_rows(write(""), format_, "utf-8") == 0


def test_rows_are_counted_as_they_are_read(write: Write) -> None:
    content = TABLE + 'web,b,C-2,,"One,\n\ntwo.",,\n\nphone\n"broken" x,b\nweb,b,C-4,,"open,,\n'
    rows = rows_of(content, Format.CSV)
    assert count_rows(write(content), Format.CSV, "utf-8") == len(rows) == 5


# what a row means


def test_history_marks_rows_as_past_and_live_forgets_their_time() -> None:
    row = one_published()
    (past,) = prepared(iter([row]), Timing.HISTORY)
    (live,) = prepared(iter([row]), Timing.LIVE)
    (as_it_says,) = prepared(iter([row]), None)
    assert body(past)["historical"] is True
    assert body(past)["occurred_at"] == body(row)["occurred_at"]
    assert not body(live).keys() & {"historical", "occurred_at"}
    assert body(as_it_says) == body(row)


def test_history_without_a_time_is_rejected() -> None:
    (row,) = prepared(iter(rows_of('{"channel": "phone"}', Format.NDJSON)), Timing.HISTORY)
    assert "occurred_at is missing" in reason(row)


def test_a_row_without_a_name_is_named_after_its_content_however_it_is_timed() -> None:
    def name(content: str, timing: Timing | None) -> str:
        (row,) = prepared(iter(rows_of(content, Format.NDJSON)), timing)
        return str(body(row)["external_ref"])

    told = '{"narrative": "Lost.", "occurred_at": "2026-01-01T00:00:00Z"}'
    in_other_order = '{"occurred_at": "2026-01-01T00:00:00Z",  "narrative": "Lost."}'
    names = {name(content, timing) for content in (told, in_other_order) for timing in (*Timing, None)}
    assert len(names) == 1
    assert name('{"narrative": "Found.", "occurred_at": "2026-01-01T00:00:00Z"}', None) not in names
    assert name('{"external_ref": "crm-1"}', None) == "crm-1"


# what is written aside


def rejected(file: Path, format_: Format, *, encoding: str = "utf-8", why: str = 'the "first" reason, told') -> Path:
    """Reject every row of the file."""
    with file.open("rb") as opened:
        reading = read(opened, format_, encoding)
        with Rejects(file, reading, encoding) as rejects:
            for row in reading.rows:
                rejects.add(row, why)
    assert rejects.path is not None
    return rejects.path


@pytest.mark.parametrize(
    ("content", "format_"),
    [
        ('{"channel": "phone", "n": {"a": [1]}}\n{}\n', Format.NDJSON),
        (TABLE + 'web,b,C-2,,"One, ""quoted"",\ntwo.",,\n', Format.CSV),
        (TABLE.replace("; v", " v").replace(",", ";"), Format.CSV),
        (published({}, {"Complaint ID": "4712"}), Format.CFPB),
    ],
)
def test_rejected_rows_can_be_imported_again_as_they_were(write: Write, content: str, format_: Format) -> None:
    file = write(content)
    before = [body(row) for row in rows_of(content, format_)]
    once = rejected(file, format_)
    assert [body(row) for row in rows_of(once.read_bytes(), format_)] == before
    twice = rejected(once, format_, why="another reason")
    assert [body(row) for row in rows_of(twice.read_bytes(), format_)] == before
    assert "first" not in twice.read_text()
    assert twice.read_text().count("another reason") == len(before)
    if format_ is not Format.NDJSON:
        assert format_of(twice, "utf-8") is format_


def test_bytes_that_could_not_be_read_are_written_back_as_they_were(write: Write) -> None:
    record = b'web,b,C-2,,"caf\xe9",,'
    file = write(TABLE.encode() + record + b"\n")
    assert record in rejected(file, Format.CSV).read_bytes()
    line = b'{"b": "caf\xe9"}'
    assert line[1:] in rejected(write(line, "c.ndjson"), Format.NDJSON).read_bytes()


def test_a_line_that_is_no_object_is_kept_in_one_and_still_refused(write: Write) -> None:
    once = rejected(write(b"caf\xe9, no JSON\n", "c.ndjson"), Format.NDJSON)
    document = json.loads(once.read_bytes())
    assert document["unreadable_line"] == "caf\ufffd, no JSON"
    (row,) = rows_of(once.read_bytes(), Format.NDJSON)
    assert "was rejected before" in reason(row)


def test_nothing_is_written_when_nothing_is_rejected(write: Write, tmp_path: Path) -> None:
    file = write(TABLE)
    with file.open("rb") as opened, Rejects(file, read(opened, Format.CSV, "utf-8"), "utf-8") as rejects:
        pass
    assert rejects.path is None
    assert list(tmp_path.iterdir()) == [file]


def test_rejected_rows_are_for_their_owner_alone_whoever_could_read_such_a_file_before(write: Write) -> None:
    file = write('{"channel": "phone"}\n', "c.ndjson")
    path = rejected(file, Format.NDJSON)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o666)
    assert stat.S_IMODE(rejected(file, Format.NDJSON).stat().st_mode) == 0o600


def test_rejected_rows_do_not_go_where_somebodys_link_leads(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, theirs, here = write('{"channel": "phone"}\n', "c.ndjson"), tmp_path / "theirs", tmp_path / "here"
    theirs.write_text("kept")
    here.mkdir()
    monkeypatch.chdir(here)
    (tmp_path / "c.ndjson.rejected").symlink_to(theirs)
    assert rejected(file, Format.NDJSON).resolve() == here / "c.ndjson.rejected"
    assert theirs.read_text() == "kept"


def test_rejected_rows_go_to_the_current_directory_when_they_cannot_stand_beside_the_file(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(TABLE)
    # A directory of that name refuses a file to everybody, the superuser included.
    (tmp_path / "complaints.csv.rejected").mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    path = rejected(file, Format.CSV)
    assert path.resolve() == elsewhere / "complaints.csv.rejected"
    assert path.read_text().startswith("rejected_because,")
