"""What CONTRIBUTING and components/README.md promise of every component, held against each.

The components are made as in the examples of components/README.md.
"""

import inspect
from collections import Counter
from enum import Enum
from functools import cache
from typing import Any, NotRequired, get_args, get_origin

import pulumi
import pulumi_aws as aws
import pytest
from aws_recording import STACK_ID, Recorder, Recording, Registered, record
from test_examples import COMPONENTS, EXAMPLES

import llm_platform
from llm_platform.host.provider import check_of, components, declared_inputs
from llm_platform.kubernetes.labels import OWN_LABELS, RESOURCE_ANNOTATION, STACK_ANNOTATION
from llm_platform.problems import InvalidInputsError
from local.paths import REPOSITORY

TEAM = {"team": "ml"}
NO_TAGS = {
    "aws:s3/bucketObjectv2:BucketObjectv2": "AWS takes ten at an object, which its key identifies",
    "kubernetes:helm.sh/v3:Release": "its namespace carries them; the chart decides the rest",
}
"""What gets no tags or labels, and why that is right."""

Component = Any
"""A component's class: their constructors differ in the type of `args` alone."""


@pytest.fixture(params=sorted(COMPONENTS))
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@cache
def made(kind: str) -> tuple[Recording, Counter[str]]:
    """A component made as in its example, tags added; and how often each told its outputs."""
    component: Component = COMPONENTS[kind]
    (code,) = EXAMPLES[kind]
    told: Counter[str] = Counter()
    original = component.__init__

    def tagged(self: Any, name: str, args: Any, opts: pulumi.ResourceOptions | None = None) -> None:
        original(self, name, {**args, "tags": TEAM}, opts)

    def outputs(_: Recorder, request: Any) -> Any:
        told[request.urn] += 1
        return plain_outputs(_, request)

    plain_outputs: Any = getattr(Recorder, "RegisterResourceOutputs")  # noqa: B009 - untyped

    def program() -> dict[str, Any]:
        exec(compile(code, f"example of {kind}", "exec"), {})  # noqa: S102 - our own text
        return {}

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(REPOSITORY)
        patch.setattr(component, "__init__", tagged)
        patch.setattr(Recorder, "RegisterResourceOutputs", outputs)
        return record(program), told


def root_of(kind: str) -> Registered:
    return made(kind)[0].one(f"llm-platform:index:{kind}")


def below(kind: str) -> list[Registered]:
    """Everything below the component, at any depth."""
    parents = {each.urn: each.parent for each in made(kind)[0].resources}
    root = root_of(kind).urn

    def is_below(urn: str) -> bool:
        return urn == root or (urn != "" and is_below(parents.get(urn, "")))

    return [each for each in made(kind)[0].resources if is_below(each.parent)]


def test_its_token_is_of_the_library(kind: str) -> None:
    assert root_of(kind).type == f"llm-platform:index:{kind}"
    assert root_of(kind).inputs["tags"] == TEAM, "state and policies do not see the inputs"


def test_everything_it_makes_hangs_below_it_and_bears_its_name(kind: str) -> None:
    children = below(kind)
    assert children

    outside = [
        each.name
        for each in made(kind)[0].resources
        if each.name.startswith(f"{root_of(kind).name}-") and each not in children
    ]
    own = root_of(kind).name
    # a component made of another one may give it its own name
    misnamed = [
        each.name
        for each in children
        if not each.name.startswith(f"{own}-") and (each.name != own or "/" in each.type)
    ]
    assert (outside, misnamed) == ([], [])


def test_it_tells_its_outputs_once(kind: str) -> None:
    told = made(kind)[1]
    nested = [each.urn for each in below(kind) if each.type.startswith("llm-platform:")]
    for urn in (root_of(kind).urn, *nested):
        assert told[urn] == 1, urn


def test_tags_reach_everything_taggable(kind: str) -> None:
    wrong: list[str] = []
    for each in below(kind):
        given = marks(each)
        if given is None:
            continue
        wanted = (
            {"llm-platform:stack": STACK_ID, "llm-platform:resource": each.name}
            if each.type.startswith("aws:")
            else {**OWN_LABELS, STACK_ANNOTATION: STACK_ID, RESOURCE_ANNOTATION: each.name}
        )
        if not {**TEAM, **wanted}.items() <= given.items():
            wrong.append(f"{each.type} {each.name}: {given}")
    assert wrong == []


def marks(resource: Registered) -> dict[str, Any] | None:
    """Tags of a resource, or its labels and annotations; None for one that can have none."""
    package, _, rest = resource.type.partition(":")
    if "eks:index:Cluster" in resource.parent:
        return None  # from the recording; test_aws_components_engine has the real engine make it
    if resource.type in NO_TAGS or package not in ("aws", "kubernetes"):
        return None
    if package == "kubernetes":
        meta = resource.inputs["metadata"]
        return {**meta["labels"], **meta["annotations"]}
    module, _, name = rest.partition("/")
    made_by = getattr(getattr(aws, module), name.rpartition(":")[2])
    takes = inspect.signature(made_by._internal_init).parameters
    return resource.inputs.get("tags", {}) if "tags" in takes else None


def test_nothing_is_registered_and_every_problem_is_named_when_inputs_are_wrong(kind: str) -> None:
    component: Component = COMPONENTS[kind]
    declared = declared_inputs(component)
    caught: list[InvalidInputsError] = []

    def program() -> dict[str, Any]:
        with pytest.raises(InvalidInputsError) as failed:
            component("wrong", {"no_such_input": 1, "tags": {"aws:mine": "x"}})
        caught.append(failed.value)
        return {}

    recording = record(program)

    assert [each.type for each in recording.resources if "llm" in each.type] == []
    (error,) = caught
    assert error.subject == f"{kind} 'wrong'"
    paths = {problem.path for problem in error.problems}
    assert paths >= {"no_such_input", "tags.aws:mine", *declared.__required_keys__}
    assert all(problem.allowed for problem in error.problems)


def test_a_wrong_member_of_a_closed_set_is_named(kind: str) -> None:
    declared = declared_inputs(COMPONENTS[kind])
    check = check_of(COMPONENTS[kind])
    silent: list[str] = []
    for name, hint in inspect.get_annotations(declared).items():
        inner: Any = get_args(hint)[0] if get_origin(hint) is NotRequired else hint
        several = get_origin(inner) is list
        member: Any = get_args(inner)[0] if several else inner
        if not (isinstance(member, type) and issubclass(member, Enum)):
            continue
        problems = check({name: ["NO_SUCH"] if several else "NO_SUCH"})
        path = f"{name}[0]" if several else name
        allowed = [problem.allowed for problem in problems if problem.path == path]
        if not any(str(each.value) in text for text in allowed for each in member):
            silent.append(path)
    assert silent == []


def test_its_check_is_pure_and_bears_its_name(kind: str) -> None:
    check = check_of(COMPONENTS[kind])
    assert check({"tags": {"aws:mine": "x"}}) != []
    assert check.__module__ != COMPONENTS[kind].__module__, "it would load a provider's SDK"


def test_its_inputs_are_a_typed_dict_of_its_own_name(kind: str) -> None:
    declared = declared_inputs(COMPONENTS[kind])
    assert declared.__name__ == f"{kind}Args"
    assert getattr(llm_platform, declared.__name__) is declared
    assert list(inspect.signature(COMPONENTS[kind]).parameters) == ["name", "args", "opts"]


def test_every_component_is_held_against_the_contract() -> None:
    assert {each.__name__ for each in components()} == set(COMPONENTS)
