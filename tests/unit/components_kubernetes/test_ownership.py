"""One table says what Pulumi leaves to others, and nothing else does."""

import ast
from pathlib import Path

import pytest

import llm_platform
from llm_platform.ownership import DECLARED, HTTP_ROUTE, NODE_GROUP, FieldOwner, declared, left_to

LIBRARY = Path(llm_platform.__file__).parent


def test_what_an_autoscaler_decides() -> None:
    assert left_to(FieldOwner.AUTOSCALER, NODE_GROUP) == ["scalingConfig.desiredSize"]
    assert left_to(FieldOwner.AUTOSCALER, "kubernetes:apps/v1:Deployment") == ["spec.replicas"]
    assert left_to(FieldOwner.ROLLOUT, HTTP_ROUTE) == ["spec.rules"]


def test_what_nobody_declared_is_an_error() -> None:
    with pytest.raises(LookupError, match="ConfigMap is declared to belong to autoscaler"):
        left_to(FieldOwner.AUTOSCALER, "kubernetes:core/v1:ConfigMap")


@pytest.mark.parametrize(
    ("type_token", "path", "owner"),
    [
        (NODE_GROUP, "scalingConfig.desiredSize", FieldOwner.AUTOSCALER),
        (NODE_GROUP, "scalingConfig.maxSize", None),
        (HTTP_ROUTE, "spec.rules[0].backendRefs[1].weight", FieldOwner.ROLLOUT),
        (HTTP_ROUTE, "spec.rulesOfOthers", None),
        ("kubernetes:core/v1:ConfigMap", "data.a", None),
    ],
)
def test_declarations(type_token: str, path: str, owner: FieldOwner | None) -> None:
    found = declared(type_token, path)
    assert (found.owner if found else None) is owner


def test_every_declaration_says_why_in_a_sentence() -> None:
    assert all(each.why.endswith(".") and each.why[0].isupper() for each in DECLARED)


def test_paths_in_objects_of_kubernetes_end_above_lists() -> None:
    """The provider leaves out of an apply only what is not in a list."""
    assert [e.path for e in DECLARED if e.type.startswith("kubernetes:") and "[" in e.path] == []


def test_components_take_what_they_ignore_from_the_table() -> None:
    wrong: list[str] = []
    for file in sorted(LIBRARY.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.keyword) and node.arg == "ignore_changes":
                literals = [n for n in ast.walk(node.value) if isinstance(n, ast.List)]
                wrong += [f"{file.name}:{node.value.lineno}" for _ in literals]
    assert wrong == []
