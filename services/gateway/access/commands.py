"""``python -m gateway keys``: make, list, revoke and rotate API keys."""

import argparse
import json
import re
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gateway.access import keyfile
from gateway.access.keyfile import KeyFile, KeyFileError, KeyRecord

UNITS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
DURATION = re.compile(r"([1-9][0-9]{0,4})([mhdw])")


def duration(text: str) -> timedelta:
    """``30d`` and the like, for `argparse`."""
    found = DURATION.fullmatch(text)
    if not found:
        message = f"{text!r} is no duration: 30m, 12h, 90d, 4w"
        raise argparse.ArgumentTypeError(message)
    return timedelta(seconds=int(found[1]) * UNITS[found[2]])


def lifetime(text: str) -> timedelta | None:
    """A `duration`, or ``never``."""
    return None if text == "never" else duration(text)


def names(text: str) -> tuple[str, ...]:
    """A list with commas."""
    return tuple(each.strip() for each in text.split(",") if each.strip())


def add_commands(subparsers: Any) -> None:
    """Add ``keys`` to the subparsers of `argparse`; sets ``run``, which returns the exit code."""
    keys = subparsers.add_parser("keys", help="make, list, revoke and rotate API keys")
    actions = keys.add_subparsers(dest="action", required=True, metavar="ACTION")

    new = actions.add_parser("new", help="make a key and print it, once")
    _common(new, _new)
    new.add_argument("--tenant", required=True, help="whose key it is")
    _lifetime(new)
    new.add_argument("--models", type=names, default=(), help="models with commas (default: all)")
    new.add_argument("--budget", default="", help="its budget (default: the default one)")
    new.add_argument("--guards", default="", help="its chain of guards (default: the default one)")
    new.add_argument("--note", default="", help="a remark for people")

    shown = actions.add_parser("list", help="list the keys, without secrets")
    _common(shown, _list)

    revoke = actions.add_parser("revoke", help="take a key back now")
    _common(revoke, _revoke)
    revoke.add_argument("id", help="public part of the key")

    rotate = actions.add_parser("rotate", help="make a successor; the old key lives on for a while")
    _common(rotate, _rotate)
    rotate.add_argument("id", nargs="?", default="", help="public part of the key")
    rotate.add_argument("--tenant", default="", help="instead of the id, if it has one live key")
    rotate.add_argument(
        "--overlap", type=duration, default=duration("24h"), help="both live so long (default: 24h)"
    )
    _lifetime(rotate)


def _common(parser: argparse.ArgumentParser, act: Callable[[argparse.Namespace], str]) -> None:
    parser.add_argument("--file", type=Path, required=True, help="the key file")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=partial(_run, act))


def _lifetime(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--expires",
        type=lifetime,
        default=lifetime("90d"),
        metavar="DURATION",
        help="30m, 12h, 90d, 4w or never (default: 90d)",
    )


def _run(act: Callable[[argparse.Namespace], str], args: argparse.Namespace) -> int:
    try:
        answer = act(args)
    except KeyFileError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - a command's answer
        return 1
    if answer:
        print(answer)  # noqa: T201 - a command's answer
    return 0


def _read(path: Path, *, empty: bool = False) -> KeyFile:
    content = keyfile.read_bytes(path)
    return KeyFile(keys=()) if empty and not content else keyfile.parse(content, path)


def _write(path: Path, records: list[KeyRecord]) -> None:
    keyfile.replace(path, keyfile.dump(KeyFile(keys=tuple(records)), path))


def _record(**fields: Any) -> KeyRecord:
    try:
        return KeyRecord(**fields)
    except ValidationError as error:
        problems = "; ".join(
            f"--{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()
        )
        raise KeyFileError(problems) from None


def _until(expires: timedelta | None) -> datetime | None:
    return keyfile.now() + expires if expires else None


def _hand_over(args: argparse.Namespace, record: KeyRecord, key: str) -> str:
    """The only time that a key is seen: on standard output; what to know, on standard error."""
    if args.json:
        content = keyfile.without(record.model_dump(mode="json", exclude_none=True))
        return json.dumps({"key": key, **content})
    until = record.expires.isoformat() if record.expires else "for ever"
    print(  # noqa: T201 - a command's answer
        f"Key {record.id} of tenant {record.tenant}, valid until {until}."
        " It is shown this once and kept nowhere.",
        file=sys.stderr,
    )
    return key


def _new(args: argparse.Namespace) -> str:
    public, key = keyfile.new_key()
    record = _record(
        id=public,
        tenant=args.tenant,
        hash=keyfile.digest(key),
        created=keyfile.now(),
        expires=_until(args.expires),
        models=args.models,
        budget=args.budget,
        guards=args.guards,
        note=args.note,
    )
    with keyfile.locked(args.file, create=True) as path:
        _write(path, [*_read(path, empty=True).keys, record])
    return _hand_over(args, record, key)


def state(record: KeyRecord, at: datetime) -> str:
    """``live``, ``expired`` or ``revoked``."""
    if record.revoked and record.revoked <= at:
        return "revoked"
    return "expired" if record.expires and record.expires <= at else "live"


def _list(args: argparse.Namespace) -> str:
    at = keyfile.now()
    records = _read(args.file).keys
    if args.json:
        rows = [
            {
                **keyfile.without(each.model_dump(mode="json", exclude_none=True)),
                "state": state(each, at),
            }
            for each in records
        ]
        return json.dumps(rows, indent=2)
    lines = [("KEY", "TENANT", "STATE", "EXPIRES", "MODELS", "BUDGET", "GUARDS", "NOTE")]
    lines += [
        (
            each.id,
            each.tenant,
            state(each, at),
            f"{each.expires:%Y-%m-%d %H:%M}" if each.expires else "never",
            ",".join(each.models) or "all",
            each.budget or "default",
            each.guards or "default",
            each.note,
        )
        for each in records
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _found(records: list[KeyRecord], public: str) -> int:
    for index, record in enumerate(records):
        if record.id == public:
            return index
    message = f"there is no key {public!r}; keys list shows them"
    raise KeyFileError(message)


def _revoke(args: argparse.Namespace) -> str:
    with keyfile.locked(args.file, create=False) as path:
        records = list(_read(path).keys)
        index = _found(records, args.id)
        if records[index].revoked is None:
            records[index] = records[index].model_copy(update={"revoked": keyfile.now()})
            _write(path, records)
    record = records[index]
    if args.json:
        return json.dumps(keyfile.without(record.model_dump(mode="json", exclude_none=True)))
    return f"Key {record.id} of tenant {record.tenant} is revoked since {record.revoked}."


def _rotate(args: argparse.Namespace) -> str:
    if bool(args.id) == bool(args.tenant):
        message = "say which key: by its id, or by --tenant if that has one live key only"
        raise KeyFileError(message)
    at = keyfile.now()
    public, key = keyfile.new_key()
    with keyfile.locked(args.file, create=False) as path:
        records = list(_read(path).keys)
        index = _found(records, args.id or _only_live(records, args.tenant, at))
        old = records[index]
        if state(old, at) != "live":
            message = f"key {old.id} is {state(old, at)}: make a new one instead"
            raise KeyFileError(message)
        ends = at + args.overlap
        records[index] = old.model_copy(
            update={"expires": min(ends, old.expires) if old.expires else ends}
        )
        record = old.model_copy(
            update={
                "id": public,
                "hash": keyfile.digest(key),
                "created": at,
                "expires": _until(args.expires),
                "account": old.account or old.id,
            }
        )
        _write(path, [*records, record])
    return _hand_over(args, record, key)


def _only_live(records: list[KeyRecord], tenant: str, at: datetime) -> str:
    live = [each.id for each in records if each.tenant == tenant and state(each, at) == "live"]
    if len(live) != 1:
        message = f"tenant {tenant!r} has {len(live)} live keys ({', '.join(live) or 'none'})"
        raise KeyFileError(message)
    return live[0]
