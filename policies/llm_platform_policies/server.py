"""Between the engine and the SDK's analyzer: settings, inputs for stack checks, no silence.

The SDK's analyzer throws the stack's configuration away, hands *outputs* to stack policies
(at preview those are unknown wherever the provider computes a value, even one that the
program left out), and turns an unknown value into a note that a policy did not run. The
servicer here stands before it, on the public protocol only:

- `ConfigureStack` reads the settings, and refuses to go on without them;
- `Analyze` keeps the inputs of each resource, and skips types that no policy looks at;
- `AnalyzeStack` gives the kept inputs to the stack policies;
- a policy that did not run is a violation, not a note.
"""

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from llm_platform.cost import load_catalogue
from llm_platform.problems import InvalidInputsError
from llm_platform_policies import catalogue
from llm_platform_policies.evaluation import Evaluation
from llm_platform_policies.exceptions import load_exceptions
from llm_platform_policies.model import Context
from llm_platform_policies.pack import EXCEPTIONS_FILE, Pack
from llm_platform_policies.report import write_report
from llm_platform_policies.settings import settings_from

TODAY_VARIABLE = "LLMP_POLICY_TODAY"
"""A date to judge by instead of the real one: for tests and for looking ahead."""

EXCEPTIONS_VARIABLE = "LLMP_POLICY_EXCEPTIONS"
"""A file of exceptions to use instead of the pack's own, for a project with its own stacks."""

NOT_RUN = "can't run policy"
"""How the SDK's note on a policy that did not run begins."""


DELEGATED = ("Handshake", "Remediate", "GetAnalyzerInfo", "GetPluginInfo", "Configure", "Cancel")
"""Calls of the protocol that go to the SDK's analyzer as they are."""


class GuardedAnalyzer(analyzer_pb2_grpc.AnalyzerServicer):
    """An analyzer in front of another one."""

    def __init__(self, inner: Any, pack: Pack) -> None:
        self._inner = inner
        self._pack = pack
        self._inputs: dict[str, Any] = {}
        for name in DELEGATED:
            setattr(self, name, getattr(inner, name))

    def ConfigureStack(  # noqa: N802 - name of the protocol
        self, request: Any, context: grpc.ServicerContext
    ) -> Any:
        """Take the stack's configuration, or end the run with everything that is wrong."""
        self._inputs.clear()
        try:
            self._pack.start(evaluation_for(request))
        except InvalidInputsError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"policy pack: {error}")
        return self._inner.ConfigureStack(request, context)

    def Analyze(  # noqa: N802 - name of the protocol
        self, request: Any, context: grpc.ServicerContext
    ) -> Any:
        """Judge one resource by its inputs."""
        if is_looked_at(request.type):
            self._inputs[request.urn] = request.properties
            return without_silence(self._inner.Analyze(request, context))
        return analyzer_pb2.AnalyzeResponse()

    def AnalyzeStack(  # noqa: N802 - name of the protocol
        self, request: Any, context: grpc.ServicerContext
    ) -> Any:
        """Judge the stack by the inputs of its resources, and write the report."""
        kept = [each for each in request.resources if is_looked_at(each.type)]
        stack = analyzer_pb2.AnalyzeStackRequest()
        for resource in kept:
            added = stack.resources.add()
            added.CopyFrom(resource)
            if resource.urn in self._inputs:
                added.properties.CopyFrom(self._inputs[resource.urn])
        answer = without_silence(self._inner.AnalyzeStack(stack, context))
        write_report(self._pack.evaluation, stack)
        return answer


def is_looked_at(type_token: str) -> bool:
    """Whether any policy about particular types looks at this one."""
    if type_token not in _LOOKED_AT:
        _LOOKED_AT[type_token] = any(
            policy.applies_to(type_token)
            for policy in catalogue.POLICIES
            if policy is not catalogue.UNVERIFIABLE
        )
    return _LOOKED_AT[type_token]


_LOOKED_AT: dict[str, bool] = {}


def without_silence(response: Any) -> Any:
    """The response, in which a policy that did not run blocks the run."""
    for diagnostic in response.diagnostics:
        if diagnostic.message.startswith(NOT_RUN):
            diagnostic.enforcementLevel = analyzer_pb2.MANDATORY
            diagnostic.message = f"A policy was not decided: {diagnostic.message}"
    return response


def evaluation_for(request: Any) -> Evaluation:
    """The evaluation of the run that the engine describes.

    Raises:
        InvalidInputsError: Settings or exceptions are wrong.
    """
    today = _today()
    settings = settings_from(dict(request.config), f"configuration of stack {request.stack}")
    file = Path(os.environ.get(EXCEPTIONS_VARIABLE) or EXCEPTIONS_FILE)
    exceptions = load_exceptions(file, tuple(catalogue.BY_ID), today)
    context = Context(settings, load_catalogue(), today, preview=request.dry_run)
    return Evaluation(context, exceptions, request.stack)


def _today() -> Any:
    chosen = os.environ.get(TODAY_VARIABLE)
    now = datetime.now(UTC)
    return (datetime.fromisoformat(chosen) if chosen else now).date()


def serve(start: Callable[[list[Any]], None]) -> None:
    """Serve the pack.

    Args:
        start: Makes the SDK's `PolicyPack` of the policies, which blocks until the engine
            ends the process.
    """
    pack = Pack()
    add = analyzer_pb2_grpc.add_AnalyzerServicer_to_server

    def add_guarded(servicer: Any, server: grpc.Server) -> None:
        add(GuardedAnalyzer(servicer, pack), server)

    # the SDK offers no way to see the configuration; this is the generated code's entry point
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server = add_guarded
    try:
        start(pack.policies)
    except KeyboardInterrupt:
        sys.exit(0)
