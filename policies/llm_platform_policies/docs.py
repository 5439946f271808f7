"""The page ``docs/policies.md``, made from the catalogue: ``python -m llm_platform_policies.docs``.

A test compares the file with what this module makes, so the page cannot fall behind.
"""

import sys
from pathlib import Path

from llm_platform.cost import Catalogue, load_catalogue
from llm_platform_policies import catalogue
from llm_platform_policies.levels import LEVELS
from llm_platform_policies.model import Policy
from llm_platform_policies.rules.pods import PRIVILEGED_NAMESPACES
from llm_platform_policies.settings import EnvironmentName

PAGE = Path(__file__).resolve().parents[2] / "docs" / "policies.md"

INTRODUCTION = """\
# Policies

The pack in `policies/` runs in every preview and update. This page is made from its catalogue
by `cd policies && .venv/bin/python -m llm_platform_policies.docs`; do not edit it by hand.

```
pulumi preview --policy-pack policies/run        # no language plugin needed
```

The pack reads `llm-platform:environment`, `llm-platform:cost` and `aws:region` from the stack's
own configuration and refuses to start without them. `LLMP_POLICY_REPORT=FILE` makes it write
its findings about cost as JSON.

**Unknown values.** At preview a value may depend on a resource that does not exist yet. For
every field that a policy reads it says what that means:

- *deny*: a violation, because the program can state the value;
- *allow*: fine, because no value could break the policy;
- *unverifiable*: told by `unverifiable-at-preview`. The policy looks at the real value in the
  update, before the resource is created.

**Exceptions** stand in `policies/exceptions.yaml`: policy, URN glob with a name, reason, owner,
expiry (366 days ahead at most). Expired ones are violations; unused ones are told.
"""


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION, _levels(), *(_policy(policy) for policy in catalogue.POLICIES)]
    parts += [_namespaces(), _prices(load_catalogue())]
    return "\n".join(parts)


def _levels() -> str:
    names = list(EnvironmentName)
    head = "| policy | severity | " + " | ".join(names) + " |"
    rows = [
        f"| [{policy.id}](#{policy.id}) | {policy.severity} | "
        + " | ".join(LEVELS[policy.id][name] for name in names)
        + " |"
        for policy in catalogue.POLICIES
    ]
    return "\n".join(["## Levels\n", head, "|---" * (len(names) + 2) + "|", *rows, ""])


def _policy(policy: Policy) -> str:
    text = [
        f'<a id="{policy.id}"></a>',
        f"## {policy.id}: {policy.title}\n",
        f"{policy.description} Severity: {policy.severity}.\n",
        f"**To do:** {policy.remediation}\n",
    ]
    if policy.equivalents:
        text.append(f"Same as or part of: {', '.join(policy.equivalents)}.\n")
    if policy.fields:
        text += ["| field | unknown | why |", "|---|---|---|"]
        text += [f"| `{each.path}` | {each.unknown} | {each.why} |" for each in policy.fields]
        text.append("")
    return "\n".join(text)


def _namespaces() -> str:
    rows = [f"| `{name}` | {why} |" for name, why in sorted(PRIVILEGED_NAMESPACES.items())]
    return "\n".join(["## Privileged namespaces\n", "| namespace | why |", "|---|---|", *rows, ""])


def _prices(prices: Catalogue) -> str:
    introduction = (
        f"Reviewed on {prices.reviewed}; {len(prices.instances)} instance types and "
        f"{len(prices.items)} other items in {', '.join(prices.regions())}. A month has 730 "
        "hours. Spot counts as on-demand in the worst case.\n"
    )
    head = [
        "## Prices\n",
        introduction,
        "| source | as of | read there | where |",
        "|---|---|---|---|",
    ]
    rows = [
        f"| {each.name} | {each.as_of} | {'yes' if each.verified else 'no'} | {each.where} |"
        for each in prices.sources.values()
    ]
    usage = [
        "\nWhat no resource states is assumed:\n",
        "| assumption | unit | minimum | expected | worst case |",
        "|---|---|---|---|---|",
        *(
            f"| {each.what} | {each.unit} | {each.amount.minimum:g} | {each.amount.expected:g} "
            f"| {each.amount.worst:g} |"
            for each in prices.usage.values()
        ),
    ]
    return "\n".join([*head, *rows, *usage, ""])


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE.name} written\n")
