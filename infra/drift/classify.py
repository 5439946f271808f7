"""From what a refresh says to differences with an owner and a remedy. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.drift.managers import added_by_people, is_taken_over, owner_named, owner_of
from infra.drift.model import (
    SECRET,
    Drift,
    Kind,
    Live,
    Owner,
    OwnerKind,
    Refreshed,
    Remedy,
    Rules,
)
from infra.drift.values import places, shown_at, value_at
from llm_platform.ownership import FieldOwner, declared
from local.providers.diff import Path, covers, parse_path, path_text

KUBERNETES = "kubernetes:"
RELEASE = "kubernetes:helm.sh/"
PREVIOUS_TAGS, ALL_TAGS = "tags", "tagsAll"

SECRET_FIELDS = frozenset({"data", "stringData"})

KINDS = {"add": Kind.ADDED, "delete": Kind.DELETED, "update": Kind.CHANGED}

AGAIN = "The recorded value is set again."
TAKEN_OUT = "It is taken out again."
ANEW = "It is made anew."
REPLACED = "It cannot be changed in place: the resource is replaced."
IGNORED = "The program leaves this field to others (ignoreChanges)."
TAKEN_BACK = "Taken back by force, since the provider or the object says so (patchForce)."
CONFLICT = (
    "Server-side apply refuses to take the field from its owner; use the annotation "
    "pulumi.com/patchForce, ignoreChanges, or undo the change."
)
OTHERS_STAY = "Server-side apply leaves what others added."
BESIDE_PULUMI = "A revision of the release was made beside Pulumi, with helm."
GOES_TOO = "Goes with the update of the object: what was set by kubectl becomes Pulumi's first."


def is_object(type_token: str) -> bool:
    """Whether a type is an object of Kubernetes, whose fields have recorded owners."""
    return type_token.startswith(KUBERNETES) and not type_token.startswith(RELEASE)


def drifts_of(found: Refreshed, rules: Rules, live: Live | None) -> list[Drift]:
    """Every difference of one resource.

    Args:
        found: What the refresh says.
        rules: What the state says of its updates.
        live: The object as the API server has it; None for what is no object of Kubernetes.
    """
    if found.is_gone:
        owner = Owner(OwnerKind.UNKNOWN, "", _who_deleted(found))
        return [_Case(found, rules, live).drift((), Kind.DELETED, owner, Remedy.REPAIRED, ANEW)]
    case = _Case(found, rules, live)
    seen = [*case.differing(), *case.left_alone()]
    return [*seen, *case.added(seen)]


def _who_deleted(found: Refreshed) -> str:
    if is_object(found.type):
        return "A deleted object keeps no record; see the audit log of the API server."
    if found.type.startswith(KUBERNETES):
        return "Helm keeps no record of a release that was removed."
    return _unrecorded(found)


def _unrecorded(found: Refreshed) -> str:
    return f"AWS does not record it; see CloudTrail for {_arn(found) or found.id}."


def _arn(found: Refreshed) -> str:
    """ARN of the resource, or of the bucket that it is a setting of; empty when it has none."""
    arn, bucket = found.outputs.get("arn"), found.outputs.get("bucket")
    if isinstance(arn, str):
        return arn
    is_of_bucket = found.type.startswith("aws:s3/") and isinstance(bucket, str)
    return f"arn:aws:s3:::{bucket}" if is_of_bucket else ""


@dataclass(frozen=True)
class _Case:
    """One resource that was looked at."""

    found: Refreshed
    rules: Rules
    live: Live | None

    def differing(self) -> Iterator[Drift]:
        """What the engine calls a difference; an `up` deals with it."""
        for text, how in sorted(self.found.differing.items()):
            path = parse_path(text)
            if path and not self._is_repetition(path) and not self._is_ignored(path):
                base, _, replaces = how.partition("-")
                owner, is_taken = self._owner(path)
                kind = KINDS[base]
                remedy, why = self._remedy(kind, is_taken=is_taken, replaces=bool(replaces))
                yield self.drift(path, kind, owner, remedy, why)

    def left_alone(self) -> Iterator[Drift]:
        """Ignored fields whose values differ; the engine leaves them out of its differences."""
        for path in self._ignored_places():
            recorded = value_at(self.found.recorded, path)
            current = value_at(self.found.current, path)
            rule = declared(self.found.type, path_text(path))
            is_unreported = rule is not None and rule.owner is FieldOwner.CREATION
            if recorded != current and not (is_unreported and current is None):
                kind = _kind(recorded, current)
                owner = self._declared_owner(path)
                why = f"{IGNORED} {rule.why}" if rule else IGNORED
                yield self.drift(path, kind, owner, Remedy.LEFT_ALONE, why)

    def added(self, others: Iterable[Drift]) -> Iterator[Drift]:
        """What people added to an object of Kubernetes beside what Pulumi set."""
        if self.live is None or not self.live.object:
            return
        is_updated = any(each.remedy is not Remedy.LEFT_ALONE for each in others)
        for path, holder in added_by_people(self.live.object, self.rules.known):
            if self._is_ignored(path):
                continue
            goes = is_updated and is_taken_over(holder)
            yield self.drift(
                path,
                Kind.ADDED,
                owner_named(holder, self.rules.manager),
                Remedy.REPAIRED if goes else Remedy.LEFT_ALONE,
                GOES_TOO if goes else OTHERS_STAY,
                current=self._added_value(path),
            )

    def drift(
        self,
        path: Path,
        kind: Kind,
        owner: Owner,
        remedy: Remedy,
        why: str,
        *,
        current: Any = None,
    ) -> Drift:
        """A difference of this resource."""
        found = self.found
        if path and current is None:
            current = shown_at(found.current, path)
        return Drift(
            urn=found.urn,
            type=found.type,
            id=found.id,
            path=path_text(path),
            kind=kind,
            recorded=shown_at(found.recorded, path) if path else None,
            current=current,
            owner=owner,
            remedy=remedy,
            why=why,
        )

    def _owner(self, path: Path) -> tuple[Owner, bool]:
        """The owner, and whether the field is another manager's."""
        if self.found.type.startswith(RELEASE):
            return Owner(OwnerKind.HELM, "", BESIDE_PULUMI), False
        if self.live is None:
            return Owner(OwnerKind.UNKNOWN, "", _unrecorded(self.found)), False
        if not self.live.object:
            return Owner(OwnerKind.UNKNOWN, "", self.live.problem), False
        place = ("data", *path[1:]) if path[0] == "stringData" else path
        return owner_of(self.live.object, place, self.found.current, self.rules.manager)

    def _declared_owner(self, path: Path) -> Owner:
        """Who owns a field that is left alone: by record, or else by declaration."""
        if self.live is not None and self.live.object:
            owner, is_others = self._owner(path)
            if is_others:
                return owner
        rule = declared(self.found.type, path_text(path))
        if rule is None:
            return Owner(OwnerKind.OTHER, "", "Declared by ignoreChanges of the program.")
        return Owner(OwnerKind(rule.owner.value), "", "By declaration.")

    def _remedy(self, kind: Kind, *, is_taken: bool, replaces: bool) -> tuple[Remedy, str]:
        if is_taken and not self.rules.forced:
            return Remedy.REFUSED, CONFLICT
        if replaces:
            return Remedy.REPAIRED, REPLACED
        if is_taken:
            return Remedy.REPAIRED, TAKEN_BACK
        return Remedy.REPAIRED, TAKEN_OUT if kind is Kind.ADDED else AGAIN

    def _added_value(self, path: Path) -> Any:
        live: Mapping[str, Any] = {} if self.live is None else self.live.object
        is_secret = self.found.type.endswith("/v1:Secret") and path[0] in SECRET_FIELDS
        # what the program calls secret hides what was added to it
        is_secret = is_secret or shown_at(self.found.recorded, path) == SECRET
        return SECRET if is_secret else value_at(live, path)

    def _is_repetition(self, path: Path) -> bool:
        """Whether it says again, with the provider's default tags, what stands in `tags`."""
        if path[0] != ALL_TAGS:
            return False
        return path_text((PREVIOUS_TAGS, *path[1:])) in self.found.differing

    def _patterns(self) -> list[Path]:
        return [pattern for text in self.rules.ignored if (pattern := parse_path(text))]

    def _is_ignored(self, path: Path) -> bool:
        return any(covers(pattern, path) for pattern in self._patterns())

    def _ignored_places(self) -> list[Path]:
        found: dict[Path, None] = {}
        for pattern in self._patterns():
            for tree in (self.found.recorded, self.found.current):
                found.update(dict.fromkeys(places(tree, pattern)))
        return list(found)


def _kind(recorded: Any, current: Any) -> Kind:
    if recorded is None:
        return Kind.ADDED
    return Kind.DELETED if current is None else Kind.CHANGED
