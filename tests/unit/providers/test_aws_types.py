"""Every type of the `aws` stand-in, from its creation to its end, against the emulated AWS."""

from typing import Any

import pytest

from local.providers.aws.registry import HANDLERS
from local.providers.aws.session import AwsSession
from local.providers.values import from_struct, to_struct
from tests.unit.providers.driver import Resource, without_own
from tests.unit.providers.samples import SAMPLES
from tests.unit.providers.world import Sample, World

NOTHING_MADE = {
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "aws:sns/topicSubscription:TopicSubscription",
}
"""What is there already, or what a repeated call gives again."""


@pytest.fixture(scope="session")
def world(aws: AwsSession) -> World:
    def make(kind: str, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
        state = Resource(aws, kind, name).create(inputs)
        return {**state.outputs, "id": state.id}

    return World(make)


def test_every_handled_type_has_a_sample() -> None:
    assert sorted(sample.type for sample in SAMPLES) == sorted(HANDLERS)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.type)
def test_life_of(sample: Sample, aws: AwsSession, world: World) -> None:
    resource = Resource(aws, sample.type, sample.name)
    inputs = sample.inputs(world)

    resource.create(inputs)
    _is_found_again(resource)
    _reads_as_given(resource)
    assert dict(resource.diff(inputs).detailed) == {}
    _imports(resource, sample, inputs)

    if sample.changes:
        changes = sample.changes(world)
        inputs = {k: v for k, v in {**inputs, **changes}.items() if v is not None}
        difference = resource.diff(inputs)
        assert set(changes) <= difference.changes, "the change is seen"
        assert not difference.replaces
        resource.update(inputs)
        _reads_as_given(resource)
        assert dict(resource.diff(inputs).detailed) == {}

    resource.delete()
    left = resource.read()
    assert (left is not None) == (sample.after_delete == "kept")
    resource.delete()  # what is gone already is no failure


def _is_found_again(resource: Resource) -> None:
    """Had the answer to its creation been lost, it would be known."""
    handler, cloud = HANDLERS[resource.type], resource.session._cloud  # pyright: ignore[reportPrivateUsage]
    named = handler.named(cloud, resource.inputs)
    if named is not None:
        assert named == resource.state.id
    elif resource.type not in NOTHING_MADE:
        assert resource.state.id in (handler.alike(cloud, resource.inputs) or ())


def _reads_as_given(resource: Resource) -> None:
    seen = resource.read()
    assert seen is not None
    assert without_own(seen.inputs) == without_own(resource.inputs)
    assert seen.outputs == resource.state.outputs
    assert seen.id == resource.state.id
    assert from_struct(to_struct(seen.outputs)).keys() == seen.outputs.keys()
    resource.state, resource.inputs = seen, seen.inputs or {}


def _imports(resource: Resource, sample: Sample, inputs: dict[str, Any]) -> None:
    rid = sample.import_id(resource.state.outputs) if sample.import_id else ""
    imported = resource.imported(rid)
    assert imported is not None
    assert imported.inputs is not None
    assert imported.id == resource.state.id
    twin = Resource(resource.session, resource.type, resource.name, imported.inputs, imported)
    # An import has no generated names: the program has to give what it imports.
    named = {k: v for k, v in resource.inputs.items() if k != "__defaults"}
    difference = twin.diff({**named, **inputs})
    assert difference.changes <= sample.unknown_to_import
    assert not difference.replaces
