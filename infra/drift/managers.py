"""Who the field managers of Kubernetes are, and what they own of an object. Pure.

A field manager is a name that a client gives itself, most often that of its program. The names
here are those of the controllers that the platform installs and of the tools that people use.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.drift.model import Owner, OwnerKind
from local.providers.diff import Path
from local.providers.kubernetes.ownership import (
    TAKEN_OVER,
    Holder,
    holder_of,
    holders,
    item_at,
)
from local.providers.kubernetes.trees import mapping, mappings

SCALE = "scale"
HPA = "kube-controller-manager"

NAMES: tuple[tuple[str, OwnerKind, str], ...] = (
    ("pulumi-kubernetes", OwnerKind.PULUMI, "another resource or stack of Pulumi"),
    ("keda", OwnerKind.AUTOSCALER, "KEDA"),
    ("cluster-autoscaler", OwnerKind.AUTOSCALER, "the Cluster Autoscaler"),
    ("karpenter", OwnerKind.AUTOSCALER, "Karpenter"),
    ("vpa-", OwnerKind.AUTOSCALER, "the vertical autoscaler"),
    ("kserve", OwnerKind.ROLLOUT, "KServe"),
    ("llmisvc", OwnerKind.ROLLOUT, "KServe"),
    ("rollouts-controller", OwnerKind.ROLLOUT, "Argo Rollouts"),
    ("argo-rollouts", OwnerKind.ROLLOUT, "Argo Rollouts"),
    ("llm-rollout", OwnerKind.ROLLOUT, "llmp rollout"),
    ("argocd", OwnerKind.ROLLOUT, "Argo CD"),
    ("argoexec", OwnerKind.ROLLOUT, "an Argo workflow"),
    ("workflow-controller", OwnerKind.ROLLOUT, "an Argo workflow"),
    ("helm", OwnerKind.HELM, "Helm"),
    ("kubectl", OwnerKind.PERSON, "somebody with kubectl"),
    ("k9s", OwnerKind.PERSON, "somebody with k9s"),
    ("node-fetch", OwnerKind.PERSON, "somebody with Lens"),
    ("lens", OwnerKind.PERSON, "somebody with Lens"),
    ("headlamp", OwnerKind.PERSON, "somebody with Headlamp"),
    ("dashboard", OwnerKind.PERSON, "somebody with the dashboard"),
    ("mozilla", OwnerKind.PERSON, "somebody with a browser"),
    ("curl", OwnerKind.PERSON, "somebody with curl"),
    ("before-first-apply", OwnerKind.PERSON, "somebody before fields had owners"),
    ("kube-controller-manager", OwnerKind.CONTROLLER, "a controller of Kubernetes"),
    ("kube-", OwnerKind.CONTROLLER, "a part of Kubernetes"),
    ("kubelet", OwnerKind.CONTROLLER, "a node"),
    ("eks", OwnerKind.CONTROLLER, "EKS"),
    ("cert-manager", OwnerKind.CONTROLLER, "cert-manager"),
    ("envoy-gateway", OwnerKind.CONTROLLER, "Envoy Gateway"),
)
"""Beginning of a manager's name in lower case, what it is, and its name for people; the first
that fits counts."""

_NOTES = frozenset({"kubectl.kubernetes.io/last-applied-configuration"})
"""Annotations that are a tool's own bookkeeping."""


def owner_named(holder: Holder, own: str) -> Owner:
    """Who a field manager is.

    Args:
        holder: The manager, and how it wrote.
        own: The field manager of the resource itself.
    """
    when = f" at {holder.time}" if holder.time else ""
    if holder.manager == own:
        return Owner(OwnerKind.PULUMI, holder.manager, "Pulumi, by this resource.")
    kind, who = _known(holder)
    through = f" through {holder.subresource}" if holder.subresource else ""
    return Owner(kind, holder.manager, f"Written by {who}{through}{when}.")


def _known(holder: Holder) -> tuple[OwnerKind, str]:
    name = holder.manager.lower()
    if holder.subresource == SCALE and name.startswith(HPA):
        return OwnerKind.AUTOSCALER, "an HPA"
    for beginning, kind, who in NAMES:
        if name.startswith(beginning):
            return kind, who
    if holder.subresource == SCALE:
        return OwnerKind.AUTOSCALER, f"{holder.manager}, which scales it"
    return OwnerKind.OTHER, f"the client {holder.manager}"


def owner_of(live: Mapping[str, Any], path: Path, shape: Any, own: str) -> tuple[Owner, bool]:
    """The owner of a place of an object, and whether it is somebody other than `own` alone.

    Args:
        live: The object with its managed fields.
        path: The place.
        shape: What positions of lists in `path` refer to.
        own: The field manager of the resource itself.
    """
    found = holders(live, path, shape)
    others = [each for each in found if each.manager != own]
    if others:
        newest = max(others, key=lambda each: each.time)
        return owner_named(newest, own), True
    if found:
        return owner_named(found[0], own), False
    return Owner(OwnerKind.UNKNOWN, "", _nobody(live, own)), False


def _nobody(live: Mapping[str, Any], own: str) -> str:
    entries = mappings(mapping(live.get("metadata")).get("managedFields"))
    others = [each for each in map(holder_of, entries) if each.manager != own]
    text = "Kubernetes does not record who removed a field."
    others = [each for each in others if each.subresource != "status"]
    if not others:
        return text
    last = max(others, key=lambda each: each.time)
    return f"{text} The last other client to write the object: {last.manager} at {last.time}."


def added_by_people(
    live: Mapping[str, Any], known: Mapping[str, Any]
) -> Iterator[tuple[Path, Holder]]:
    """Places of an object that people alone own, and that Pulumi does not know of.

    Args:
        live: The object with its managed fields.
        known: What Pulumi set; only its shape counts.
    """
    for entry in mappings(mapping(live.get("metadata")).get("managedFields")):
        holder = holder_of(entry)
        if holder.subresource or _known(holder)[0] is not OwnerKind.PERSON:
            continue
        search = _Search(live, holder)
        for path in search.own_places(mapping(entry.get("fieldsV1")), live, known, ()):
            if path[-1] not in _NOTES:
                yield path, holder


@dataclass(frozen=True)
class _Search:
    """Looks for what one manager alone owns."""

    live: Mapping[str, Any]
    holder: Holder

    def own_places(
        self, node: Mapping[str, Any], value: Any, known: Any, path: Path
    ) -> Iterator[Path]:
        """The highest places below `path` that nobody else owns and nobody else set."""
        for key, below in sorted(node.items()):
            step, known_step = item_at(value, key), item_at(known, key)
            if step is None:
                continue
            here = (*path, step)
            is_theirs = all(each == self.holder for each in holders(self.live, here))
            if known_step is None and is_theirs:
                yield here
            else:
                inside = None if known_step is None else known[known_step]
                yield from self.own_places(mapping(below), value[step], inside, here)


def is_taken_over(holder: Holder) -> bool:
    """Whether the next update of the object makes the manager's fields Pulumi's own."""
    return holder.manager.startswith(TAKEN_OVER)
