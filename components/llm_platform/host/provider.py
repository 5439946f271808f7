"""The plugin `pulumi-resource-llm-platform`: every component, for programs in any language.

The engine starts it and asks for the schema (GetSchema) or for a component with its children
(Construct). It needs no language host: it is a program that prints the port it serves.
"""

import inspect
import json
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import metadata
from typing import Any

import pulumi
from pulumi.errors import InputPropertiesError
from pulumi.provider import ConstructResult, main
from pulumi.provider.experimental.analyzer import ComponentDefinition
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.server import ComponentInitError

from llm_platform import EXPORTS
from llm_platform.component import PACKAGE
from llm_platform.host.inputs import InputReader
from llm_platform.host.wording import Translate, described, translator
from llm_platform.inputs import fitting_inputs
from llm_platform.problems import InvalidInputsError, Problem

DISTRIBUTION = "llm-platform-components"
PARENT_SECONDS = 1.0
"""How soon the plugin notices that the engine was killed."""

Check = Callable[[Any], list[Problem]]


def components() -> list[type[pulumi.ComponentResource]]:
    """Every component that the library exports."""
    values = (
        getattr(import_module(f"llm_platform.{module}"), name) for name, module in EXPORTS.items()
    )
    return [
        value
        for value in values
        if isinstance(value, type) and issubclass(value, pulumi.ComponentResource)
    ]


def check_of(component: type[pulumi.ComponentResource]) -> Check:
    """The pure check of a component's inputs: `check_gpu_node_pool` of `GpuNodePool`."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", component.__name__).lower()
    return getattr(sys.modules[component.__module__], f"check_{words}")


def declared_inputs(component: type[pulumi.ComponentResource]) -> Any:
    """The `TypedDict` of a component's inputs."""
    return inspect.get_annotations(component.__init__)["args"]


class PlatformProvider(ComponentProvider):
    """Serves the library's components.

    Beyond what the SDK's provider does: descriptions in the words of other languages, and one
    error with every problem of the inputs instead of a stack trace.
    """

    def __init__(self) -> None:
        about = metadata(DISTRIBUTION)
        super().__init__(components(), PACKAGE, None, about["Version"])
        schema = json.loads(self.schema or "")
        schema |= {"description": about["Summary"], "license": about["License-Expression"]}
        names = [
            name
            for each in self._component_defs.values()
            for name in (*each.inputs_mapping.values(), *each.outputs_mapping.values())
        ]
        names += [
            name for each in self._type_defs.values() for name in each.properties_mapping.values()
        ]
        self._translate: Translate = translator(names)
        self.schema = json.dumps(described(schema, self._translate))

    def construct(
        self,
        name: str,
        resource_type: str,
        inputs: pulumi.Inputs,
        options: pulumi.ResourceOptions | None = None,
    ) -> ConstructResult:
        """Make a component and its children.

        Raises:
            InputPropertiesError: There is no such component, or its inputs cannot be used; says
                everything that is wrong.
        """
        kind = resource_type.rpartition(":")[2]
        if kind not in self._components:
            there = ", ".join(sorted(self._components))
            raise _error(f"{PACKAGE} has no component '{kind}'; it has {there}")
        try:
            return super().construct(name, resource_type, inputs, options)
        except ComponentInitError as error:
            if isinstance(error.inner, InvalidInputsError):
                raise _refusal(self._in_schema_words(error.inner.problems)) from error
            raise

    def map_inputs(
        self, inputs: pulumi.Inputs, component_def: ComponentDefinition
    ) -> dict[str, Any]:
        """The inputs as the component takes them in Python.

        Raises:
            InputPropertiesError: A name is not one of the schema's, or a value comes too late.
                What the component itself would find wrong is in it too.
        """
        reader = InputReader(self._type_defs)
        read = reader.fields(dict(inputs), component_def.inputs, component_def.inputs_mapping)
        if not reader.problems:
            return read
        component = self._components[component_def.name]
        found, fitting = fitting_inputs(declared_inputs(component), read)
        found += check_of(component)(fitting)
        # a required value that was refused is not missing besides
        problems = {each.path: each for each in (*self._in_schema_words(found), *reader.problems)}
        raise _refusal(list(problems.values()))

    def _in_schema_words(self, problems: Sequence[Problem]) -> list[Problem]:
        return [
            Problem(
                self._translate(each.path),
                self._translate(each.problem),
                self._translate(each.allowed),
            )
            for each in problems
        ]


def _refusal(problems: Sequence[Problem]) -> InputPropertiesError:
    """What the engine is told.

    Everything is in the message: for problems given one by one the engine would print the value
    of each input beside it, secrets in clear text too.
    """
    count = len(problems)
    lines = "".join(f"\n      {each}" for each in sorted(problems))
    return _error(f"{count} problem{'' if count == 1 else 's'}{lines}")


def _error(message: str) -> InputPropertiesError:
    # with None in place of the list the SDK's server fails
    return InputPropertiesError(message, [])


def _end_with(parent: int) -> None:
    """End when the process that started this one is gone: a killed engine says no goodbye."""
    while os.getppid() == parent:
        time.sleep(PARENT_SECONDS)
    os._exit(0)


def serve() -> None:
    """Serve until the engine ends; the engine's address is the first argument."""
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    main(PlatformProvider(), sys.argv[1:])
