"""The drift of one stack: the engine compares, API servers tell owners, rules tell remedies."""

from collections.abc import Iterable, Mapping
from typing import Any

from infra.cli.engine import Engine, Watcher
from infra.drift.classify import drifts_of
from infra.drift.events import Comparison
from infra.drift.live import PROVIDER, Clusters, kubeconfigs_of
from infra.drift.model import Report, Rules
from infra.drift.values import plain
from local.providers.kubernetes.objects import FORCE, is_annotated
from local.providers.kubernetes.trees import mapping

Resource = Mapping[str, Any]


def drift_of(engine: Engine, watch: Watcher, kubeconfig: str = "") -> Report:
    """Compare the state of a stack with its cloud; changes neither.

    Args:
        engine: The stack.
        watch: Told of the progress.
        kubeconfig: Text of the kubeconfig to read owners with; that of the state when empty.

    Raises:
        RunFailedError: The engine cannot compare: a cloud that does not answer, say.
        InterruptedRunError: Stopped by a signal.
    """
    compared = Comparison()
    log = engine.drift(watch, compared.hear)
    resources = engine.resources()
    known = {str(each["urn"]): each for each in resources}
    providers = {urn: str(each.get("provider", "")) for urn, each in known.items()}
    clusters = Clusters({} if kubeconfig else kubeconfigs_of(resources), kubeconfig)
    order = [urn for urn in known if urn in compared.refreshed]
    found = [compared.refreshed[urn] for urn in order]
    live = clusters.objects(found, providers)
    forcing = forcing_providers(resources)
    drifts = [
        drift
        for each in found
        for drift in drifts_of(each, rules_of(known[each.urn], forcing=forcing), live.get(each.urn))
    ]
    return Report(engine.stack, len(found), tuple(drifts), tuple(log.warnings))


def forcing_providers(resources: Iterable[Resource]) -> frozenset[str]:
    """References of the Kubernetes providers that take fields of others by force."""
    return frozenset(
        f"{each['urn']}::{each.get('id', '')}"
        for each in resources
        if each["type"] == PROVIDER
        and mapping(each.get("inputs")).get("enablePatchForce") in {True, "true"}
    )


def rules_of(resource: Resource, *, forcing: frozenset[str]) -> Rules:
    """What the state says of how a resource is updated.

    Args:
        resource: The resource as the state has it.
        forcing: References of the providers that take fields by force.
    """
    inputs, outputs = mapping(resource.get("inputs")), mapping(resource.get("outputs"))
    return Rules(
        ignored=tuple(resource.get("ignoreChanges") or ()),
        forced=resource.get("provider") in forcing or is_annotated(inputs, FORCE),
        manager=str(outputs.get("__fieldManager", "")),
        known=mapping(plain(inputs)),
    )
