"""Checks of `CostBudget`'s inputs. Pure."""

import re
from typing import TYPE_CHECKING

from llm_platform.problems import Problem
from llm_platform.tags import check_tags

if TYPE_CHECKING:
    from llm_platform.aws.budget import CostBudgetArgs

MAX_EMAILS = 10
"""Mail addresses that one notification of AWS Budgets takes."""

_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+\Z")


def check_cost_budget(args: "CostBudgetArgs") -> list[Problem]:
    """Everything that is wrong with the inputs of a budget."""
    problems = check_tags(args.get("tags", {}))
    amount = args.get("monthly_usd", 0)
    if "monthly_usd" in args and amount <= 0:
        problems.append(Problem("monthly_usd", f"{amount} US dollars a month", "more than 0"))
    emails = args.get("emails", [])
    if not emails and not args.get("topic_arn"):
        what = "nobody would be told when money runs out"
        problems.append(Problem("emails", what, "a mail address, or a topic_arn"))
    if len(emails) > MAX_EMAILS:
        problems.append(Problem("emails", f"{len(emails)} addresses", f"at most {MAX_EMAILS}"))
    for index, email in enumerate(emails):
        if isinstance(email, str) and not _EMAIL.match(email):
            what = f"'{email}' is not a mail address"
            problems.append(Problem(f"emails[{index}]", what, "name@domain"))
    return problems
