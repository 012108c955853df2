"""Reading JSON Lines files."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from nova import bulk
from nova.bulk import BadFileError, BulkFile

Read = list[tuple[int, dict[str, Any]]]


def read(path: Path) -> Read:
    with BulkFile(path, quiet=True) as file:
        return list(file)


def write(folder: Path, *lines: bytes) -> Path:
    path = folder / "lines.jsonl"
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def rejects(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.with_name(path.name + ".rejects.jsonl").read_text().splitlines()]


def test_records_come_with_the_number_of_their_line(tmp_path: Path) -> None:
    assert read(write(tmp_path, b'{"a": 1}', b'{"a": 2}')) == [(1, {"a": 1}), (2, {"a": 2})]


def test_the_last_line_needs_no_line_feed(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b'{"a": 1}\r\n{"a": 2}')
    assert read(path) == [(1, {"a": 1}), (2, {"a": 2})]


def test_a_compressed_file_is_read_as_a_plain_one(tmp_path: Path) -> None:
    plain = write(tmp_path, *(b'{"number": %d}' % number for number in range(3_000)))
    packed = tmp_path / "lines.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read(packed) == read(plain)


def test_blank_lines_are_skipped_and_counted(tmp_path: Path) -> None:
    path = write(tmp_path, b"", b'{"a": 1}', b"   \t", b'{"a": 2}', b"")
    assert read(path) == [(2, {"a": 1}), (4, {"a": 2})]
    assert not path.with_name("lines.jsonl.rejects.jsonl").exists()


def test_an_empty_file_has_no_records(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.touch()
    assert read(path) == []


@pytest.mark.parametrize("length", [101, 102, 199, 200, 201, 202, 301, 1_000])
def test_a_line_that_is_too_long_is_put_aside_and_the_next_one_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    monkeypatch.setattr(bulk, "LONGEST_LINE", 100)
    path = write(tmp_path, b'{"a": "' + b"x" * (length - 9) + b'"}', b'{"a": 2}')
    assert read(path) == [(2, {"a": 2})]
    assert [(each["line"], each["reason"]) for each in rejects(path)] == [(1, "the line is longer than 100 bytes")]


def test_a_line_of_just_the_longest_length_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "LONGEST_LINE", 100)
    assert len(read(write(tmp_path, b'{"a": "' + b"x" * 90 + b'"}'))) == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"a": ', "not JSON: "),
        (b'{"a": NaN}', "not JSON: "),
        (b"\0\0\0", "not JSON: "),
        (b'{"a": "\0"}', "not JSON: "),
        (b'{"a": "\xff"}', "not JSON: "),
        (b'{"a": "\\ud800"}', "not JSON: "),
        (b'{"a": ' + b"[" * 50_000, "not JSON: "),
        (b"[1, 2]", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b"null", "not a JSON object"),
    ],
)
def test_what_is_no_object_is_put_aside_and_the_rest_is_read(tmp_path: Path, line: bytes, reason: str) -> None:
    path = write(tmp_path, b'{"a": 1}', line, b'{"a": 3}')
    assert read(path) == [(1, {"a": 1}), (3, {"a": 3})]
    (entry,) = rejects(path)
    assert entry["line"] == 2
    assert entry["reason"].startswith(reason)


def test_a_reject_holds_the_beginning_of_its_line(tmp_path: Path) -> None:
    path = write(tmp_path, b"nonsense " + "ü".encode() * 1_000)
    read(path)
    (entry,) = rejects(path)
    assert set(entry) == {"line", "reason", "content"}
    assert entry["content"] == "nonsense " + "ü" * (bulk.EXCERPT - len("nonsense "))


def test_a_record_that_turns_out_bad_later_is_put_aside_too(tmp_path: Path) -> None:
    path = write(tmp_path, b'{"a": 1}', b'{"a": 2}')
    with BulkFile(path, quiet=True) as file:
        for number, record in file:
            if record["a"] == 2:
                file.reject(number, "two is too much", record)
    assert rejects(path) == [{"line": 2, "reason": "two is too much", "content": '{"a":2}'}]
    assert file.rejected == 1


def test_there_is_no_file_of_rejects_when_all_is_good(tmp_path: Path) -> None:
    path = write(tmp_path, b"nonsense")
    read(path)
    assert rejects(path)
    path.write_bytes(b'{"a": 1}\n')
    read(path)
    assert [each.name for each in tmp_path.iterdir()] == ["lines.jsonl"]


def damaged(how: str) -> bytes:
    whole = gzip.compress(b'{"a": 1}\n' * 10_000)
    if how == "cut":
        return whole[: len(whole) // 2]
    if how == "no archive":
        return b'{"a": 1}\n'
    if how == "other bytes in the middle":
        return whole[:20] + bytes(255 - each for each in whole[20:40]) + whole[40:]
    return whole[:-6] + b"xxxxxx"  # the checksum


@pytest.mark.parametrize("how", ["cut", "no archive", "other bytes in the middle", "another checksum"])
def test_a_damaged_archive_is_an_error_of_the_file(tmp_path: Path, how: str) -> None:
    path = tmp_path / "lines.jsonl.gz"
    path.write_bytes(damaged(how))
    with pytest.raises(BadFileError, match=r"lines\.jsonl\.gz is not a whole gzip file"):
        read(path)
