"""How a file is damaged at random, from single bits to whole lines and values of another type."""

from __future__ import annotations

import json
import random

__all__ = ["CHANGES", "VALUES", "damaged"]

VALUES = (
    *("", "nan", "inf", "-1", "1e400", "9.0", "null", "None", "[1]", "{}", "true", '"', "'", "\\"),
    *(
        "9" * 30,
        "\ufeff",
        "\ud83d",
        "é",
        "\r",
        "\n",
        "\t",
        ",",
        "::",
        "|",
        "\x00",
        "=1+1",
        "-",
        "0",
    ),
    *("2018-01-01", "1/2/2018", "\\ud83d", "NaN", "Infinity", "[" * 2000, "x" * 5000, " ", "1 "),
)


def cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def flip(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 3, 20))):
        if out:
            out[rng.randrange(len(out))] = rng.randrange(256)
    return bytes(out)


def take_out(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + data[at + rng.randrange(60) :]


def put_in(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice(VALUES).encode("utf-8", "surrogatepass") + data[at:]


def swap_columns(data: bytes, rng: random.Random) -> bytes:
    mark = max((b",", b"\t", b"|", b'": '), key=data.count)
    lines = data.split(b"\n")
    one = rng.random() < 0.5
    chosen = rng.randrange(len(lines))
    for number, line in enumerate(lines):
        fields = line.split(mark)
        if len(fields) > 1 and (not one or number == chosen):
            a, b = (0, len(fields) - 1) if not one else (rng.randrange(len(fields)) for _ in "ab")
            fields[a], fields[b] = fields[b], fields[a]
            lines[number] = mark.join(fields)
    return b"\n".join(lines)


def change_type(data: bytes, rng: random.Random) -> bytes:
    """One value of JSON, or one field of a row, becomes of another type."""
    lines = data.split(b"\n")
    at = rng.randrange(len(lines))
    value = rng.choice(VALUES)
    try:
        entry = json.loads(lines[at])
        key = rng.choice(list(entry))
        entry[key] = rng.choice([None, [], [[]], {}, True, 1.5, float("nan"), -1, value, [value]])
        lines[at] = json.dumps(entry).encode()
    except (ValueError, IndexError, TypeError):
        mark = max((b",", b"\t", b"|", b"::"), key=lines[at].count)
        fields = lines[at].split(mark)
        fields[rng.randrange(len(fields))] = value.encode("utf-8", "surrogatepass")
        lines[at] = mark.join(fields)
    return b"\n".join(lines)


def twice(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    at, to = rng.randrange(len(lines)), rng.randrange(len(lines) + 1)
    return b"\n".join([*lines[:to], lines[at], *lines[to:]])


def zeros(data: bytes, rng: random.Random) -> bytes:
    """As a disk leaves it that lost power: a block is zeros."""
    at = rng.randrange(len(data) + 1)
    size = min(rng.choice((1, 8, 64, 4096)), len(data) - at)
    return data[:at] + bytes(size) + data[at + size :]


def number(data: bytes, rng: random.Random) -> bytes:
    """A number in the text becomes another one."""
    at = [k for k, byte in enumerate(data[:200_000]) if byte in b"0123456789"]
    if not at:
        return flip(data, rng)
    where = rng.choice(at)
    new = rng.choice((b"0", b"7", b"-1", b"1e400", b"99999999999999999999", b"0.5", b"null"))
    return data[:where] + new + data[where + 1 :]


def damaged(data: bytes, rng: random.Random) -> bytes:
    """The data after one change or two; rarely as they were."""
    for _ in range(rng.choice((1, 1, 2))):
        data = rng.choice(CHANGES)(data, rng)
    return data


CHANGES = (cut, flip, take_out, put_in, swap_columns, change_type, twice, zeros, number)
