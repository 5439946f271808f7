"""A plan as people read it: the tree, what changes, the verdicts, what was assumed."""

from collections import Counter
from collections.abc import Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from infra.cli import report
from infra.cli.events import short_name
from infra.offline.differences import differences, input_lines, shown
from infra.offline.document import verdicts
from infra.offline.manifests import Verdict
from infra.offline.planned import Planned
from infra.offline.planning import Plan

_MARKS = {
    "create": ("+", "green"),
    "update": ("~", "yellow"),
    "replace": ("±", "magenta"),
    "delete": ("-", "red"),
    "import": ("=", "cyan"),
    "read": (">", "cyan"),
    "same": ("", "dim"),
}
_PROVIDERS = "pulumi:providers:"
_STACK = "pulumi:pulumi:Stack"
_SHOWN_PROBLEMS = 50


def counts(counted: Mapping[str, int]) -> Text:
    """``+187 create  ~2 update  40 same``, coloured."""
    text = Text()
    for operation, (mark, colour) in _MARKS.items():
        if counted.get(operation):
            text.append(f"{mark}{counted[operation]} {operation}  ", style=colour)
    text.rstrip()
    return text if text.plain else Text("nothing to do", style="dim")


def print_plan(console: Console, plan: Plan, manifests: Verdict, *, diff: bool) -> None:
    """Everything about a plan, the reasons to stop last."""
    _print_state(console, plan)
    console.print(plan_tree(plan))
    _print_changes(console, plan, diff=diff)
    _print_assumed(console, plan)
    _print_cost(console, plan)
    _print_policies(console, plan)
    _print_manifests(console, manifests)
    if plan.failure:
        report.print_errors(console, plan.log, plan.failure)
    reasons = verdicts(plan, manifests)
    if reasons:
        words = f"{plan.stack} cannot be deployed like this: {'; '.join(reasons)}"
        console.print(Text.assemble(("✗ ", "red"), words))
    else:
        console.print(Text.assemble(("✓ ", "green"), f"{plan.stack}: ", counts(plan.counts)))


def plan_tree(plan: Plan) -> Tree:
    """Components with the number of operations below each."""
    children: dict[str, list[Planned]] = {}
    root = ""
    for each in plan.resources.resources.values():
        if each.type == _STACK:
            root = each.urn
        elif not each.type.startswith(_PROVIDERS):
            children.setdefault(each.parent, []).append(each)
    tree = Tree(Text.assemble((plan.stack, "bold"), "  ", counts(plan.counts)))
    _grow(tree, root, children)
    return tree


def _grow(tree: Tree, parent: str, children: Mapping[str, list[Planned]]) -> None:
    plain: Counter[str] = Counter()
    for each in children.get(parent, ()):
        below = _below(each.urn, children)
        if below:
            branch = tree.add(Text.assemble((short_name(each.urn), "cyan"), "  ", counts(below)))
            _grow(branch, each.urn, children)
        else:
            plain[short_name(each.urn).partition(" ")[0]] += 1
    if plain:
        words = ", ".join(f"{kind} x{n}" if n > 1 else kind for kind, n in sorted(plain.items()))
        tree.add(Text(words, style="dim"))


def _below(urn: str, children: Mapping[str, list[Planned]]) -> Counter[str]:
    counted: Counter[str] = Counter()
    for child in children.get(urn, ()):
        if child.custom:
            counted[child.operation] += 1
        counted += _below(child.urn, children)
    return counted


def _print_state(console: Console, plan: Plan) -> None:
    if plan.state is None:
        console.print(Text("Planned for an empty environment.", style="dim"))
        return
    words = f"Planned against an exported state of {plan.state.resources} resources"
    if plan.state.masked:
        words += f"; {plan.state.masked} secrets in it are masked and count as unchanged"
    if plan.state.pending:
        words += f"; {plan.state.pending} operations that were under way are left out"
    console.print(Text(f"{words}. It was not refreshed.", style="dim"))


def _print_changes(console: Console, plan: Plan, *, diff: bool) -> None:
    for each in plan.resources.resources.values():
        if each.operation == "same" or (each.operation == "create" and not diff):
            continue
        if not each.custom:
            continue
        mark, colour = _MARKS[each.operation]
        console.print(Text.assemble((f"  {mark} {each.operation} ", colour), short_name(each.urn)))
        if each.operation == "create":
            for line in input_lines(each.inputs):
                console.print(Text(f"      {line}", style="dim"))
        for found in differences(each):
            words = f"      {found.path} ({found.kind})"
            if diff:
                words += f": {shown(found.old)} → {shown(found.new)}"
            style = "magenta" if found.kind.endswith("replace") else "dim"
            console.print(Text(words, style=style))


def _print_assumed(console: Console, plan: Plan) -> None:
    title = "Assumed, because AWS was not asked"
    table = Table(title=title, title_justify="left", box=None)
    for column in ("what", "value", "date", "source"):
        table.add_column(column, overflow="fold")
    for what, fact in plan.assumed:
        value = fact.value if isinstance(fact.value, str) else shown(fact.value)
        table.add_row(Text(what), Text(value), fact.day, Text(fact.source, style="dim"))
    if plan.assumed:
        console.print(table)
    else:
        console.print(Text("Nothing was asked of AWS, so nothing is assumed.", style="dim"))


def _print_cost(console: Console, plan: Plan) -> None:
    if plan.policy_report is None:
        console.print(Text("cost: not estimated, the run ended before", style="yellow"))
        return
    cost = plan.policy_report["cost"]
    console.print(Text("Cost", style="bold"))
    console.print(Text(str(cost["table"])))
    for problem in (*cost["unpriced"], *cost["undecided"]):
        console.print(Text(f"  not in the estimate: {problem}", style="yellow"))


def _print_policies(console: Console, plan: Plan) -> None:
    if plan.policy_report is None and not plan.log.findings:
        words = "policies: the run ended before all had judged"
        console.print(Text.assemble(("! ", "yellow"), words))
        return
    report.print_verdict(console, plan.log)


def _print_manifests(console: Console, manifests: Verdict) -> None:
    words = f"manifests: {manifests.valid} of {manifests.objects} objects valid"
    if manifests.unknown_values:
        words += f"; {manifests.unknown_values} values are not known yet and were passed over"
    mark = ("✗ ", "red") if manifests.problems else ("✓ ", "green")
    console.print(Text.assemble(mark, words))
    for source in manifests.sources:
        console.print(Text(f"  by {source}", style="dim"))
    for kind in manifests.not_validated:
        text = f"  not validated: {kind.kind} ({kind.objects}): {kind.reason}"
        console.print(Text(text, style="yellow"))
    for problem in manifests.problems[:_SHOWN_PROBLEMS]:
        where = f"{problem.kind} {problem.name}"
        text = Text.assemble(("  invalid ", "red"), (where, "bold"), f"  {problem.path}: ")
        console.print(text.append(problem.problem))
    more = len(manifests.problems) - _SHOWN_PROBLEMS
    if more > 0:
        console.print(Text(f"  … and {more} more; see --json", style="red"))
