"""A configured instance of the stand-in: turns requests into calls of handlers."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from local.aws.retries import was_lost_before
from local.patience import StoppedError, last_look
from local.providers.aws import creation, tags
from local.providers.aws.check import DEFAULTS, check_inputs
from local.providers.aws.cloud import Cloud, cause, is_missing, missing_as_none
from local.providers.aws.functions.table import FUNCTIONS
from local.providers.aws.handler import Change, Handler, Properties
from local.providers.aws.project import is_empty, reconcile
from local.providers.aws.registry import HANDLERS
from local.providers.diff import diff_inputs, parse_path
from local.providers.model import (
    Checked,
    CheckRequest,
    CreateRequest,
    DeleteRequest,
    Diff,
    DiffRequest,
    PartialError,
    ProviderError,
    ReadRequest,
    Request,
    Session,
    State,
    UpdateRequest,
)
from local.providers.values import UNKNOWN

TAGS = frozenset({"tags", "tagsAll"})


@contextmanager
def told() -> Generator[None]:
    """Word the failure of an AWS call, or of a wait, for the user."""
    try:
        yield
    except (ClientError, BotoCoreError, ResponseParserError, StoppedError) as error:
        raise ProviderError(cause(error)) from error


class AwsSession(Session):
    """One provider instance: a region, default tags, clients."""

    def __init__(self, cloud: Cloud, default_tags: Any) -> None:
        self._cloud = cloud
        self._default_tags = default_tags

    def check(self, request: CheckRequest) -> Checked:
        """Complete the inputs; list all that is wrong."""
        return check_inputs(_handler(request), request, self._cloud.region, self._default_tags)

    def diff(self, request: DiffRequest) -> Diff:
        """Compare inputs by the type's table."""
        return _diff(_handler(request), request)

    def create(self, request: CreateRequest) -> State:
        """Make the resource; with `preview`, name what is not known before."""
        handler = _handler(request)
        inputs = _plain(request.inputs)
        if request.preview:
            return State("", _planned(handler, inputs))
        cloud = self._at(inputs, {}, request.timeout)
        with told():
            made = creation.create(handler, cloud, inputs)
        try:
            with told():
                handler.finish(cloud, made, inputs)
            return self._made(handler, cloud, made, inputs)
        except ProviderError as error:
            raise self._partial(handler, cloud, made, request.inputs, str(error)) from error

    def read(self, request: ReadRequest) -> State | None:
        """Report the resource as the cloud has it."""
        handler = _handler(request)
        known = {**request.outputs, **_plain(request.inputs)}
        cloud = self._at(request.inputs, request.outputs, request.timeout)
        with told():
            seen = missing_as_none(lambda: handler.read(cloud, request.id, known))
        if seen is None:
            return None
        rid = str(seen.pop("id", request.id))
        given = _plain(request.inputs)
        inputs, outputs = self._described(handler, cloud, seen, given, not request.inputs)
        inputs[DEFAULTS] = request.inputs.get(DEFAULTS, [])
        return State(rid, outputs, inputs)

    def update(self, request: UpdateRequest) -> State:
        """Change what differs."""
        handler = _handler(request)
        inputs = _plain(request.inputs)
        diff = _diff(handler, request)
        if request.preview:
            return State(request.id, _replanned(handler, request.old_outputs, inputs, diff))
        cloud = self._at(inputs, request.old_outputs, request.timeout)
        old = _plain(request.old_inputs)
        changed = diff.changes
        change = Change(request.id, old, inputs, request.old_outputs, changed)
        try:
            with told():
                if changed & TAGS:
                    handler.retag(cloud, change, *_tag_changes(change))
                if changed - TAGS:
                    handler.update(cloud, change)
        except ProviderError as error:
            raise self._partial(
                handler, cloud, request.id, request.old_inputs, str(error)
            ) from error
        return self._made(handler, cloud, request.id, inputs)

    def delete(self, request: DeleteRequest) -> None:
        """Remove the resource; one that is gone is no failure."""
        handler = _handler(request)
        state = {**request.old_outputs, **_plain(request.old_inputs)}
        cloud = self._at(request.old_inputs, request.old_outputs, request.timeout)
        with told():
            try:
                handler.delete(cloud, request.id, state)
            except ClientError as error:
                # Something is missing: the resource, or only a thing that it refers to. Or a
                # deletion was refused that had been carried out when its answer was lost.
                may_be_gone = is_missing(error) or was_lost_before(error)
                if not may_be_gone or not self._is_gone(handler, cloud, request.id, state):
                    raise

    @staticmethod
    def _is_gone(handler: Handler, cloud: Cloud, rid: str, state: Mapping[str, Any]) -> bool:
        return missing_as_none(lambda: handler.read(cloud, rid, state)) is None

    def invoke(self, token: str, args: Properties) -> Properties:
        """Answer a function."""
        function = FUNCTIONS.get(token)
        if function is None:
            raise ProviderError("this function is not handled by the local stand-in")
        region = args.get("region")
        with told():
            return function.call(self._cloud.at(region), args)

    def _at(self, inputs: Mapping[str, Any], outputs: Mapping[str, Any], timeout: float) -> Cloud:
        return self._cloud.at(inputs.get("region") or outputs.get("region"), timeout)

    def _made(self, handler: Handler, cloud: Cloud, made: str, inputs: Properties) -> State:
        with told():
            seen = handler.read(cloud, made, inputs)
        if seen is None:
            raise ProviderError(f"AWS reports no {made} right after the call that made it")
        return State(made, self._described(handler, cloud, seen, inputs, importing=False)[1])

    def _partial(
        self, handler: Handler, cloud: Cloud, made: str, inputs: Properties, reason: str
    ) -> PartialError:
        """What there is of a resource whose creation or update failed half way."""
        try:
            with last_look(), told():
                seen = handler.read(cloud, made, inputs)
        except ProviderError as error:
            seen, reason = None, f"{reason}; and then its state could not be read: {error}"
        if seen is None:
            return PartialError(State(made, _plain(inputs)), [reason])
        real, outputs = self._described(handler, cloud, seen, _plain(inputs), importing=False)
        real[DEFAULTS] = inputs.get(DEFAULTS, [])
        return PartialError(State(made, outputs, real), [reason])

    def _described(
        self,
        handler: Handler,
        cloud: Cloud,
        seen: Properties,
        given: Properties,
        importing: bool,
    ) -> tuple[Properties, Properties]:
        schema = handler.schema
        seen.pop("id", None)
        if schema.regional:
            seen = {**seen, "region": seen.get("region", cloud.region)}
        if schema.tags:
            everything = cast("dict[str, str]", seen.get("tagsAll") or {})
            had = cast("dict[str, Any]", given.get("tags") or {})
            own = tags.own_tags(everything, self._default_tags, had)
            seen = {**seen, "tags": own, "tagsAll": everything}
        return reconcile(schema.all_fields, seen, given, importing)


def _handler(request: Request) -> Handler:
    handler = HANDLERS.get(request.type)
    if handler is None:
        raise ProviderError(f"type {request.type} is not handled by the local stand-in")
    return handler


def _plain(inputs: Mapping[str, Any]) -> Properties:
    return {name: value for name, value in inputs.items() if not name.startswith("__")}


def _diff(handler: Handler, request: DiffRequest | UpdateRequest) -> Diff:
    schema = handler.schema
    old, new = request.old_inputs, request.inputs
    return diff_inputs(
        old,
        new,
        schema.rule,
        request.ignore_changes,
        delete_before_replace=schema.delete_before_replace or _same_name(handler, old, new),
    )


def _same_name(handler: Handler, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether a replacement would carry the old one's name, which AWS refuses."""
    rule = handler.schema.name
    if rule is None or rule.property in (new.get(DEFAULTS) or []):
        return False
    return new.get(rule.property) is not None and new[rule.property] == old.get(rule.property)


def _tag_changes(change: Change) -> tuple[dict[str, str], list[str]]:
    old = cast("dict[str, str]", change.old.get("tagsAll") or change.old.get("tags") or {})
    new = cast("dict[str, str]", change.new.get("tagsAll") or {})
    added = {key: value for key, value in new.items() if old.get(key) != value}
    return added, sorted(set(old) - set(new))


def _planned(handler: Handler, inputs: Properties) -> Properties:
    """Outputs before the resource exists: inputs, and UNKNOWN for what AWS chooses."""
    outputs = dict(inputs)
    for path in handler.schema.computed:
        _mark_unknown(outputs, path)
    for name, field in handler.schema.all_fields.items():
        if field.computed and is_empty(outputs.get(name)) and name not in inputs:
            outputs[name] = UNKNOWN
    return outputs


def _replanned(
    handler: Handler, outputs: Mapping[str, Any], inputs: Properties, diff: Diff
) -> Properties:
    """Outputs after an update: what differs, and UNKNOWN for what AWS will choose anew."""
    planned = {**outputs, **{name: inputs.get(name) for name in diff.changes}}
    for name in diff.changes:
        had, new = outputs.get(name), inputs.get(name)
        is_object = handler.schema.all_fields[name].fields is not None
        if is_object and isinstance(had, dict) and isinstance(new, dict):
            planned[name] = {**had, **new}  # what AWS chose in it stays
    if diff.changes - TAGS:
        for path in handler.schema.volatile:
            if path not in inputs:
                _mark_unknown(planned, path)
    return planned


def _mark_unknown(outputs: Properties, path: str) -> None:
    here: Any = outputs
    *parents, last = parse_path(path)
    for part in parents:
        if not isinstance(here, dict):
            return
        inside = cast("Properties", here)
        child = inside.get(str(part))
        if not isinstance(child, dict):
            return
        inside[str(part)] = here = dict(cast("Properties", child))
    if isinstance(here, dict):
        cast("Properties", here)[str(last)] = UNKNOWN
