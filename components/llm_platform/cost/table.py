"""The estimate as a table of text, for a terminal, a policy's message or a pull request."""

from llm_platform.cost.estimate import Estimate
from llm_platform.cost.lines import Line, Range

HEAD = ("minimum", "expected", "worst case")
WIDTH = 12


def cost_table(estimate: Estimate, budget: float | None = None, most_lines: int = 12) -> str:
    """US dollars a month: the dearest lines, the sum of the rest, the total, the budget.

    Args:
        estimate: What to show.
        budget: Monthly budget to show beneath, in US dollars.
        most_lines: How many lines to show one by one.
    """
    shown = estimate.lines[:most_lines]
    rest = estimate.lines[most_lines:]
    rows = [(f"{_short(line)}: {line.what}", line.cost) for line in shown]
    if rest:
        amount = Range.same(0)
        for line in rest:
            amount += line.cost
        rows.append((f"{len(rest)} smaller lines", amount))
    rows.append(("total", estimate.total))
    title = f"USD a month, {estimate.region}"
    width = max(len(title), *(len(label) for label, _ in rows))
    text = [title.ljust(width) + "".join(name.rjust(WIDTH) for name in HEAD)]
    text += [label.ljust(width) + _amounts(cost) for label, cost in rows]
    if budget is not None:
        text.append("budget".ljust(width) + f"{budget:,.2f}".rjust(WIDTH * len(HEAD)))
    text += [f"without a price: {problem.path}: {problem.problem}" for problem in estimate.unpriced]
    text += [f"not counted: {problem.path}: {problem.problem}" for problem in estimate.undecided]
    return "\n".join(text)


def _amounts(cost: Range) -> str:
    return "".join(
        f"{amount:,.2f}".rjust(WIDTH) for amount in (cost.minimum, cost.expected, cost.worst)
    )


def _short(line: Line) -> str:
    return line.resource.rpartition("::")[2]
