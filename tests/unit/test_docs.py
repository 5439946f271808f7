"""What the pages say exists: names, commands, options, targets, files, headings."""

import ast
import os
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest

from infra.cli.main import main
from local.paths import REPOSITORY

SKIPPED = {"node_modules", "__pycache__"}
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
ANCHOR = re.compile(r'<a id="([^"]+)">')
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
COMMAND = re.compile(r"\bllmp ([a-z][a-z|-]*)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
TARGET = re.compile(r"\bmake ([a-z][a-z-]*)\b")
RULE = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)


def pages() -> Iterator[Path]:
    """Every page of the repository; folders of tools and of environments are left out."""
    for folder, inner, files in os.walk(REPOSITORY):
        inner[:] = [each for each in inner if not each.startswith(".") and each not in SKIPPED]
        yield from (Path(folder, each) for each in files if each.endswith(".md"))


PAGES = {str(page.relative_to(REPOSITORY)): page.read_text(encoding="utf-8") for page in pages()}


def options_of(command: click.Command) -> set[str]:
    """The options of a command, and of those below it."""
    below = command.commands.values() if isinstance(command, click.Group) else ()
    own = {
        option
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    return own.union({"--help"}, *map(options_of, below))


COMMANDS = {name: options_of(command) for name, command in main.commands.items()}
OPTIONS = {"--version"}.union(*COMMANDS.values())
TARGETS = set(RULE.findall((REPOSITORY / "Makefile").read_text(encoding="utf-8")))


def without_blocks(text: str) -> str:
    """A page without its blocks of code."""
    return FENCE.sub("", text)


def code_lines(text: str) -> list[list[str]]:
    """The pieces of code of every line that has any: a line of a block, or a line's spans."""
    blocks = [body.splitlines() for kind, body in FENCE.findall(text) if kind != "python"]
    spans = [SPAN.findall(line) for line in without_blocks(text).splitlines()]
    return [[line] for block in blocks for line in block] + [found for found in spans if found]


def missing_names(code: str) -> list[str]:
    """What a piece of Python imports although it does not exist."""
    missing: list[str] = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            missing += [each.name for each in node.names if not _exists(each.name)]
        elif isinstance(node, ast.ImportFrom) and node.module:
            missing += [
                f"{node.module}.{each.name}"
                for each in node.names
                if not _exists(node.module, each.name)
            ]
    return missing


def _exists(module: str, name: str = "") -> bool:
    try:
        found = import_module(module)
    except ModuleNotFoundError:
        return False
    return not name or hasattr(found, name)


def unknown_commands(text: str) -> list[str]:
    """Commands of `llmp` that a page names and nobody can type, and options that they lack.

    An option in a line with commands must be one of theirs; one that stands alone, of some.
    """
    wrong: list[str] = []
    for pieces in code_lines(text):
        named = [
            name
            for piece in pieces
            for names in COMMAND.findall(piece)
            for name in names.split("|")
        ]
        wrong += [f"llmp {name}" for name in named if name not in COMMANDS]
        allowed = set[str]().union(*(COMMANDS.get(name, ()) for name in named)) or OPTIONS
        wrong += [
            option
            for piece in pieces
            if piece.startswith("--") or "llmp" in piece.split()
            for option in OPTION.findall(piece)
            if option not in allowed
        ]
    return wrong


def unknown_targets(text: str) -> list[str]:
    """Targets of make that a page names and the Makefile does not have."""
    pieces = [piece for line in code_lines(text) for piece in line]
    return [each for piece in pieces for each in TARGET.findall(piece) if each not in TARGETS]


def dead_links(page: str, text: str) -> list[str]:
    """Relative links of a page to files that are not there, or to headings that are not."""
    dead: list[str] = []
    for link in LINK.findall(without_blocks(text)):
        if "://" in link or link.startswith("mailto:"):
            continue
        path, _, anchor = link.partition("#")
        target = (REPOSITORY / page).parent / path if path else REPOSITORY / page
        if not target.exists() or (anchor and anchor not in anchors(target.read_text("utf-8"))):
            dead.append(link)
    return dead


def anchors(text: str) -> set[str]:
    """Names by which places of a page are linked to."""
    text = without_blocks(text)
    headings = HEADING.findall(text)
    made = {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}
    return made | set(ANCHOR.findall(text))


@pytest.mark.parametrize("page", ["README.md", "components/README.md"])
def test_python_blocks_import_only_what_exists(page: str) -> None:
    blocks = [body for kind, body in FENCE.findall(PAGES[page]) if kind == "python"]
    assert blocks
    assert [name for block in blocks for name in missing_names(block)] == []


@pytest.mark.parametrize("page", sorted(PAGES))
def test_commands_and_options_exist(page: str) -> None:
    assert unknown_commands(PAGES[page]) == []


@pytest.mark.parametrize("page", sorted(PAGES))
def test_targets_exist(page: str) -> None:
    assert unknown_targets(PAGES[page]) == []


@pytest.mark.parametrize("page", sorted(PAGES))
def test_links_lead_somewhere(page: str) -> None:
    assert dead_links(page, PAGES[page]) == []


def test_the_readme_names_every_command() -> None:
    named = {
        name for pieces in code_lines(PAGES["README.md"]) for name in COMMAND.findall(pieces[0])
    }
    assert set(COMMANDS) <= named


def test_mistakes_are_found() -> None:
    code = "import nowhere\nfrom llm_platform import Network, Nonsense\nfrom no.where import x\n"
    assert missing_names(code) == ["nowhere", "llm_platform.Nonsense", "no.where.x"]
    assert unknown_commands("| `llmp upp` | x |\n```console\nllmp up|gone local\n```\n") == [
        "llmp gone",
        "llmp upp",
    ]
    assert unknown_commands("`llmp doctor`; `--emulation`, `--stop`") == ["--stop"]
    assert unknown_commands("with `--providers official`, not `--provider x`") == ["--provider"]
    assert unknown_targets("`make up`, `make everything`, but we make do") == ["everything"]
    text = "[a](docs/none.md) [`b`](#the-house-is-red) [c](LICENSE)\n# The house\n"
    assert dead_links("README.md", text) == ["docs/none.md", "#the-house-is-red"]
    assert dead_links("README.md", "[a](#the-house--1)\n## The `house`: 1\n") == ["#the-house--1"]
