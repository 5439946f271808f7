"""What a person sees after a run: the tree of what stands, the verdict, where to look next."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from infra.cli.events import Finding, RunLog, short_name
from local.cloud import LocalCloud

Resource = Mapping[str, Any]

ECHO = "failed to register"
"""End of what the program says of a resource whose failure the provider has told already."""


def standing(resources: Iterable[Resource]) -> list[Resource]:
    """Resources that stand in a cloud: not the stack itself, components or providers."""
    return [
        resource
        for resource in resources
        if resource.get("custom") and not str(resource["type"]).startswith("pulumi:")
    ]


def resource_tree(stack: str, resources: Sequence[Resource], *, whole: bool = False) -> Tree:
    """Components with the number of resources below each; every resource when `whole`."""
    children: dict[str, list[Resource]] = {}
    root = ""
    for resource in resources:
        if resource["type"] == "pulumi:pulumi:Stack":
            root = str(resource["urn"])
        elif not str(resource["type"]).startswith("pulumi:providers:"):
            children.setdefault(str(resource.get("parent", "")), []).append(resource)
    tree = Tree(Text.assemble((stack, "bold"), f"  {len(standing(resources))} resources"))
    _grow(tree, root, children, whole=whole)
    return tree


def _grow(
    tree: Tree, parent: str, children: Mapping[str, Sequence[Resource]], *, whole: bool
) -> None:
    plain: Counter[str] = Counter()
    for resource in children.get(parent, ()):
        urn = str(resource["urn"])
        below = _count(urn, children)
        if below:
            branch = tree.add(Text.assemble((short_name(urn), "cyan"), f"  {below}"))
            _grow(branch, urn, children, whole=whole)
        elif whole:
            tree.add(Text.assemble(short_name(urn), (f"  {resource.get('id', '')}", "dim")))
        else:
            plain[short_name(urn).partition(" ")[0]] += 1
    if plain and not whole:
        words = ", ".join(f"{kind} x{n}" if n > 1 else kind for kind, n in sorted(plain.items()))
        tree.add(Text(words, style="dim"))


def _count(urn: str, children: Mapping[str, Sequence[Resource]]) -> int:
    return sum(
        (1 if child.get("custom") else 0) + _count(str(child["urn"]), children)
        for child in children.get(urn, ())
    )


def print_changes(console: Console, log: RunLog) -> None:
    """What a run would change: updates and replacements by name, the rest by kind."""
    many: Counter[tuple[str, str]] = Counter()
    for operation, urn, differing in log.steps:
        kind = short_name(urn).partition(" ")[0]
        if operation in {"create", "delete"}:
            many[operation, kind] += 1
        else:
            what = ", ".join(differing)
            console.print(Text.assemble(f"  {operation} {short_name(urn)}", (f"  {what}", "dim")))
    for operation in ("create", "delete"):
        kinds = sorted((kind, n) for (op, kind), n in many.items() if op == operation)
        if kinds:
            words = ", ".join(f"{kind} x{n}" if n > 1 else kind for kind, n in kinds)
            console.print(Text.assemble(f"  {operation} ", (words, "dim")))


def print_verdict(console: Console, log: RunLog) -> None:
    """What the policies found, the blocking ones first."""
    # the engine names a pack that is a file by name, kind and path
    packs = ", ".join(f"{name.partition('|')[0]} {version}" for name, version in log.packs.items())
    if not log.findings:
        console.print(
            Text.assemble(("✓ ", "green"), f"policies: nothing found by {packs or 'the pack'}")
        )
        return
    blocking, others = log.blocking, [each for each in log.findings if not each.blocks]
    mark = ("✗ ", "red") if blocking else ("! ", "yellow")
    console.print(
        Text.assemble(mark, f"policies: {len(blocking)} mandatory, {len(others)} advisory  {packs}")
    )
    for finding in blocking:
        _print_finding(console, finding, "red")
    for finding in others:
        _print_finding(console, finding, "yellow")


def _print_finding(console: Console, finding: Finding, colour: str) -> None:
    where = short_name(finding.urn) or "stack"
    console.print(
        Text.assemble((f"  {finding.level:9} ", colour), (finding.policy, "bold"), f"  {where}")
    )
    for line in finding.message.splitlines():
        console.print(Text(f"            {line.rstrip()}", style="dim"))


def print_errors(console: Console, log: RunLog, last_words: str) -> None:
    """Why a run failed, in the words of the provider or the program."""
    errors = without_echoes(each for each in log.errors if each.strip())
    for each in errors:
        console.print(Text.assemble(("✗ ", "red"), each))
    if not errors and not log.blocking:
        console.print(Text.assemble(("✗ ", "red"), last_words or "the engine stopped"))


def without_echoes(errors: Iterable[str]) -> list[str]:
    """Errors without those that only say again that a resource failed, when there are others."""
    told = list(errors)
    own = [each for each in told if not each.endswith(ECHO)]
    return own or told


def print_where_to_look(console: Console, stack: str, cloud: LocalCloud | None) -> None:
    """The next commands for someone who has just brought a stack up."""
    table = Table.grid(padding=(0, 2))
    if cloud is not None:
        table.add_row("Kubernetes", f"kubectl --kubeconfig {cloud.kubeconfig} get all -A")
        table.add_row("AWS", f"aws --endpoint-url {cloud.aws_endpoint} eks list-clusters")
    if cloud is not None and cloud.live is not None:
        table.add_row(
            "HTTPS", f"127.0.0.1:{cloud.live.https_port}, to the load balancer's port 443"
        )
        table.add_row("Node", f"llmp exec --stack {stack} node; llmp logs --stack {stack}")
    table.add_row("All of it", f"llmp status {stack} --all")
    table.add_row("Take down", f"llmp destroy {stack}")
    console.print(Text("Where to look next", style="bold"))
    console.print(table)
