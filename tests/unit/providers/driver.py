"""Drives an AWS session as the engine does."""

from dataclasses import dataclass, field
from typing import Any

from local.providers.aws.check import DEFAULTS
from local.providers.aws.session import AwsSession
from local.providers.model import (
    CheckRequest,
    CreateRequest,
    DeleteRequest,
    Diff,
    DiffRequest,
    ReadRequest,
    State,
    UpdateRequest,
)

SEED = b"seed"


@dataclass
class Resource:
    """A resource as the engine's state would hold it."""

    session: AwsSession
    type: str
    name: str
    inputs: dict[str, Any] = field(default_factory=dict[str, Any])
    state: State = field(default_factory=lambda: State("", {}))

    def _names(self) -> dict[str, Any]:
        return {
            "urn": f"urn:pulumi:test::test::{self.type}::{self.name}",
            "type": self.type,
            "name": self.name,
        }

    def check(self, inputs: dict[str, Any]) -> dict[str, Any]:
        checked = self.session.check(
            CheckRequest(**self._names(), old_inputs=self.inputs, inputs=inputs, random_seed=SEED)
        )
        assert not checked.failures, checked.failures
        return checked.inputs

    def create(self, inputs: dict[str, Any]) -> State:
        checked = self.check(inputs)
        self.state = self.session.create(CreateRequest(**self._names(), inputs=checked))
        self.inputs = checked
        return self.state

    def diff(self, inputs: dict[str, Any]) -> Diff:
        return self.session.diff(
            DiffRequest(
                **self._names(),
                id=self.state.id,
                old_inputs=self.inputs,
                old_outputs=self.state.outputs,
                inputs=self.check(inputs),
            )
        )

    def update(self, inputs: dict[str, Any]) -> State:
        checked = self.check(inputs)
        self.state = self.session.update(
            UpdateRequest(
                **self._names(),
                id=self.state.id,
                old_inputs=self.inputs,
                old_outputs=self.state.outputs,
                inputs=checked,
            )
        )
        self.inputs = checked
        return self.state

    def read(self) -> State | None:
        return self.session.read(
            ReadRequest(
                **self._names(),
                id=self.state.id,
                inputs=self.inputs,
                outputs=self.state.outputs,
            )
        )

    def imported(self, rid: str = "") -> State | None:
        return self.session.read(
            ReadRequest(**self._names(), id=rid or self.state.id, inputs={}, outputs={})
        )

    def refresh(self) -> None:
        seen = self.read()
        assert seen is not None
        assert seen.inputs is not None
        self.state, self.inputs = seen, seen.inputs

    def delete(self) -> None:
        self.session.delete(
            DeleteRequest(
                **self._names(),
                id=self.state.id,
                old_inputs=self.inputs,
                old_outputs=self.state.outputs,
            )
        )


def without_own(inputs: dict[str, Any] | None) -> dict[str, Any]:
    """Inputs without the list of defaulted ones."""
    return {k: v for k, v in (inputs or {}).items() if k != DEFAULTS}
