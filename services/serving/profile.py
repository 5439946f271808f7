"""``python -m serving.profile``: instance count, batch sizes and queue delay from measurements.

    [run] [MODEL...]   measure with Model Analyzer, and propose; --accept keeps the proposal
    accept [MODEL...]  keep the last proposal: model_repo/profiles/MODEL.yaml
    apply [MODEL...]   put accepted values into config.pbtxt
    check              say whether every config.pbtxt has its accepted values

Exit codes: 0 done; 1 it failed, or a config.pbtxt differs; 2 the input is wrong.
"""

import argparse
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from serving import profile_config, profile_file, profile_results, profile_run
from serving.profile_config import ConfigError
from serving.profile_file import Machine, ProfileError
from serving.profile_results import Choice, ResultsError
from serving.profile_run import RunError
from serving.profile_search import SEARCHES, Search, search_for

REPOSITORY = Path(__file__).resolve().parents[2] / "model_repo"
LIMIT_SECONDS = 420
PROPOSAL = "profile.yaml"
COMMANDS = ("run", "accept", "apply", "check")


def main(arguments: Sequence[str]) -> int:
    """Run a command; returns the exit code."""
    options = parse(arguments)
    repository: Path = options.repository.resolve()
    models = list(dict.fromkeys(search_for(name).model for name in options.models))
    unknown = [name for name in models if not _config(repository, name).is_file()]
    if unknown:
        return _wrong(f"{repository} has no model {', '.join(unknown)}", code=2)
    try:
        if options.command == "run":
            for name in models or sorted(SEARCHES):
                _run(repository, name, options)
        elif options.command == "accept":
            for name in models or _proposed():
                accept(repository, profile_run.default_output(name) / PROPOSAL)
        elif options.command == "apply":
            for name in models or _accepted(repository):
                apply(repository, name)
        else:
            return _check(repository)
    except (ConfigError, ProfileError, ResultsError, RunError) as error:
        return _wrong(str(error))
    except KeyboardInterrupt:
        return _wrong("stopped; nothing was changed", code=130)
    return 0


def accept(repository: Path, proposal: Path) -> Path:
    """Keep a proposal as the model's profile; returns the file.

    Raises:
        ProfileError: It is not there, or wrong.
    """
    if not proposal.exists():
        raise ProfileError(f"there is no proposal {proposal}: measure first (make profile)")
    name = profile_file.read_proposal(proposal).model
    target = repository / profile_file.FOLDER / f"{name}.yaml"
    target.parent.mkdir(exist_ok=True)
    made = target.with_suffix(f".{os.getpid()}")
    made.write_text(proposal.read_text(encoding="utf-8"), encoding="utf-8")
    made.replace(target)
    _say(f"accepted: {target}; put it into config.pbtxt: python -m serving.profile apply {name}")
    return target


def apply(repository: Path, model: str) -> bool:
    """Put a model's accepted values into its ``config.pbtxt``; False: it had them.

    Raises:
        ProfileError: There is no profile, or it is wrong.
        ConfigError: The file cannot be changed as asked.
    """
    profile = profile_file.read(repository / profile_file.FOLDER / f"{model}.yaml")
    config = _config(repository, model)
    before = config.read_text(encoding="utf-8")
    try:
        after = profile_config.change(before, profile.values.tuned())
    except ConfigError as error:
        raise ConfigError(f"{config}: {error}") from error
    if after == before:
        _say(f"{model}: config.pbtxt has the accepted values already")
        return False
    made = config.with_suffix(f".{os.getpid()}")
    made.write_text(after, encoding="utf-8")
    shutil.copymode(config, made)
    made.replace(config)
    _say(f"{model}: config.pbtxt changed; load it again: llmp models load {model}")
    return True


def differences(repository: Path) -> list[str]:
    """Where a ``config.pbtxt`` does not say what the accepted profile says, in words."""
    wrong: list[str] = []
    for name in _accepted(repository):
        wanted = profile_file.read(repository / profile_file.FOLDER / f"{name}.yaml")
        config = _config(repository, name)
        there = profile_config.read(config.read_text(encoding="utf-8")).as_dict()
        wrong += [
            f"{config}: {key} is {there[key]}, the accepted profile says {value}"
            for key, value in wanted.values.tuned().as_dict().items()
            if there[key] != value
        ]
    return wrong


def chosen_search(model: str, options: argparse.Namespace) -> Search:
    """The search of a model, with the values that the command line names instead."""
    given = {
        "instance_counts": options.instance_counts,
        "batch_sizes": options.batch_sizes,
        "delays": options.delays,
        "clients": options.clients,
    }
    return replace(search_for(model), **{key: value for key, value in given.items() if value})


def numbers(text: str) -> tuple[int, ...]:
    """A list with commas, in ascending order; for `argparse`."""
    try:
        found = tuple(sorted({int(word) for word in text.split(",")}))
    except ValueError:
        found = ()
    if not found or found[0] < 0:
        message = f"{text!r} is no list of numbers: 1,2,4"
        raise argparse.ArgumentTypeError(message)
    return found


def positive(text: str) -> tuple[int, ...]:
    """Like `numbers`, without 0."""
    found = numbers(text)
    if found[0] == 0:
        message = f"{text!r} has a 0; allowed: 1 and more"
        raise argparse.ArgumentTypeError(message)
    return found


def two(text: str) -> tuple[int, ...]:
    """Like `positive`, two of them."""
    found = positive(text)
    if len(found) != 2:
        message = f"{text!r}; allowed: two numbers, such as 1,32"
        raise argparse.ArgumentTypeError(message)
    return found


def _run(repository: Path, name: str, options: argparse.Namespace) -> None:
    search = chosen_search(name, options)
    output = (options.output or profile_run.default_output(name)).resolve()
    config = _config(repository, name).read_text(encoding="utf-8")
    today = profile_config.read(config)
    machine = _machine()
    _say(
        f"{name}: {search.configurations()} configurations, {search.points()} measurements, about "
        f"{search.seconds() // 60 + 1} minutes, at most {options.limit // 60}; load average "
        f"{machine.load_average:.1f} on {machine.cores} cores"
    )
    points, variants = profile_run.run(
        search, repository, output, limit=options.limit, tell=lambda words: _say(f"  {words}")
    )
    measured = profile_results.pair(points, variants, search.clients)
    choice = profile_results.choose(measured, today)
    profile = profile_file.make(
        choice,
        search=search,
        machine=machine,
        versions=profile_run.versions(),
        day=datetime.now(UTC).date(),
    )
    proposal = output / PROPOSAL
    proposal.write_text(profile.text(), encoding="utf-8")
    _show(choice, search, output)
    if options.accept:
        accept(repository, proposal)
    else:
        _say(f"proposed: {proposal}; read it, then: python -m serving.profile accept {name}")


def _show(choice: Choice, search: Search, output: Path) -> None:
    few, many = search.clients
    print(  # noqa: T201 - a command's answer
        f"{'instances':>9} {'batch':>6} {'preferred':>9} {'delay us':>8}"
        f" {f'/s at {many}':>10} {'p99 ms':>8} {f'p99 ms at {few}':>12}"
    )
    for each in sorted(choice.measured, key=lambda each: -each.loaded.throughput):
        values = each.values
        preferred = "+".join(map(str, values.preferred_batch_size)) or "-"
        delay = values.max_queue_delay_microseconds
        marks = ["chosen"] * (each is choice.chosen) + ["today"] * (each is choice.today)
        print(  # noqa: T201 - a command's answer
            f"{values.instance_count:>9} {values.max_batch_size:>6} {preferred:>9}"
            f" {'-' if delay is None else delay:>8} {each.loaded.throughput:>10.1f}"
            f" {each.loaded.p99_ms:>8.1f} {each.alone.p99_ms:>12.1f} {', '.join(marks)}"
        )
    _say(f"reports, plots and tables: {output}")


def _check(repository: Path) -> int:
    wrong = differences(repository)
    for line in wrong:
        sys.stderr.write(f"error: {line}\n")
    if wrong:
        sys.stderr.write("put the accepted values in: python -m serving.profile apply\n")
        return 1
    _say(f"{len(_accepted(repository))} accepted profiles: every config.pbtxt has their values")
    return 0


def _accepted(repository: Path) -> list[str]:
    return sorted(path.stem for path in (repository / profile_file.FOLDER).glob("*.yaml"))


def _proposed() -> list[str]:
    """Models with a proposal in the usual place."""
    folder = profile_run.default_output("x").parent
    return sorted(path.parent.name for path in folder.glob(f"*/{PROPOSAL}"))


def _machine() -> Machine:
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    names = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(
        cpu=names[0] if names else "unknown",
        cores=len(os.sched_getaffinity(0)),
        memory_gib=max(1, round(memory / 2**30)),
        load_average=round(os.getloadavg()[0], 1),
    )


def _config(repository: Path, model: str) -> Path:
    return repository / model / "config.pbtxt"


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Options from a command line."""
    given = list(arguments)
    command = given.pop(0) if given and given[0] in COMMANDS else "run"
    parser = argparse.ArgumentParser(
        prog="python -m serving.profile",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("models", nargs="*", metavar="MODEL")
    parser.add_argument("--repository", type=Path, default=REPOSITORY, metavar="DIR")
    parser.add_argument("--output", type=Path, metavar="DIR", help="folder for reports; emptied")
    parser.add_argument("--accept", action="store_true", help="keep the proposal at once")
    tried = parser.add_argument_group("what is tried, instead of the model's own search")
    tried.add_argument("--instance-counts", type=positive, metavar="N,N", help="copies")
    tried.add_argument("--batch-sizes", type=positive, metavar="N,N", help="largest batches")
    tried.add_argument("--delays", type=numbers, metavar="N,N", help="microseconds in the queue")
    tried.add_argument("--clients", type=two, metavar="N,N", help="requests at a time: few, many")
    parser.add_argument(
        "--limit", type=int, default=LIMIT_SECONDS, metavar="SECONDS", help="ends at the latest"
    )
    # Options and models in any order, as `make profile MODEL="minilm --limit 600"` has them.
    options = parser.parse_intermixed_args(given)
    options.command = command
    return options


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _wrong(text: str, code: int = 1) -> int:
    for line in text.splitlines():
        sys.stderr.write(f"error: {line}\n")
    return code


if __name__ == "__main__":
    # A server that it has started must not outlive it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
