"""Commands on a model repository: ``python -m serving check`` and ``python -m serving weights``."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from serving.checking import Gpus, check_repository
from serving.checking.gpus import MEMORY_MIB, read_gpus
from serving.weights import (
    MANIFEST,
    WeightsError,
    file_problems,
    find_file,
    load_weights,
    read_manifest,
)

OWN = "LLMP_MODELS"
"""Variable that names a person's own folder of models, as for a stack."""


def main(arguments: Sequence[str]) -> int:
    """Run a command; the exit code is 1 if there are problems, 2 if the command makes no sense."""
    parser = argparse.ArgumentParser(prog="python -m serving", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="find every problem of a model repository")
    check.add_argument("repository", type=Path, nargs="?", default=_default())
    check.add_argument("--gpu", metavar="TYPE", help=f"one of {', '.join(MEMORY_MIB)}")
    check.add_argument("--gpus", type=int, metavar="N", help="how many; default: 1")
    check.add_argument("--weights", action="store_true", help="check weights too: size and SHA-256")
    weights = commands.add_parser("weights", help="check the weights of versions of models")
    weights.add_argument("folders", type=Path, nargs="+", metavar="MODEL/VERSION")
    options = parser.parse_args(arguments)
    if options.command == "weights":
        return _weights(options.folders)
    try:
        gpus = _gpus(options.gpu, options.gpus)
    except ValueError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    problems = [str(problem) for problem in check_repository(options.repository, gpus)]
    if options.weights:
        problems += _present_weights(options.repository)
    for problem in problems:
        sys.stderr.write(f"error: {problem}\n")
    if not problems:
        sys.stdout.write(f"{options.repository}: no problems\n")
    return int(bool(problems))


def _default() -> Path:
    own = os.environ.get(OWN)
    return Path(own).expanduser() if own else Path(__file__).resolve().parents[2] / "model_repo"


def _gpus(model: str | None, count: int | None) -> Gpus | None:
    if model is None:
        if count is not None:
            message = "--gpus needs --gpu"
            raise ValueError(message)
        return None
    return read_gpus(model, 1 if count is None else count)


def _present_weights(repository: Path) -> list[str]:
    """What is wrong with the files of all manifests; files that are elsewhere are named."""
    problems: list[str] = []
    for manifest in sorted(repository.glob(f"*/*/{MANIFEST}")):
        for weights in read_manifest(manifest)[0].values():
            place = find_file(manifest.parent, weights)
            if isinstance(place, str):
                sys.stdout.write(f"not checked: {place}\n")
            else:
                problems += file_problems(place, weights)
    return problems


def _weights(folders: Sequence[Path]) -> int:
    failed = 0
    for folder in folders:
        try:
            files = load_weights(folder)
        except WeightsError as error:
            failed = 1
            for line in str(error).splitlines():
                sys.stderr.write(f"error: {line}\n")
        else:
            for name, file in files.items():
                sys.stdout.write(f"{folder}: {name}: {file}\n")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
