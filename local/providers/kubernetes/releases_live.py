"""``helm.sh/v3:Release`` on a cloud with a node: installed by the real helm, images first."""

import logging
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any

from local import patience
from local.charts import obtaining
from local.charts.model import Chart, Manifest, Place
from local.charts.obtaining import WrongValuesError
from local.errors import LocalCloudError
from local.providers.kubernetes import helm_storage
from local.providers.kubernetes.gates import pass_gates
from local.providers.kubernetes.helm_hooks import hooks_of, remove_hooks
from local.providers.kubernetes.helm_options import (
    DEFAULT_SECONDS,
    failure,
    last_words,
    named,
    of_upgrades,
    options_of,
    seconds_of,
    wanted_of,
)
from local.providers.kubernetes.helm_runs import HelmRuns, helm_runs
from local.providers.kubernetes.helm_storage import Release
from local.providers.kubernetes.live import LiveCluster
from local.providers.kubernetes.live_records import (
    DEPLOYED,
    NOTE,
    Note,
    inputs_of,
    outputs_of,
    status_of,
)
from local.providers.kubernetes.objects import object_id, split_id
from local.providers.kubernetes.pod_troubles import pod_troubles
from local.providers.kubernetes.releases import (
    AT_ONCE,
    DEFINITIONS,
    MANAGER,
    OWNER_LABEL,
    SECRETS,
    Releases,
    owner_of,
)
from local.providers.kubernetes.trees import mappings
from local.providers.model import (
    CreateRequest,
    DeleteRequest,
    PartialError,
    Properties,
    ProviderError,
    ReadRequest,
    State,
    UpdateRequest,
)
from local.toolchain.children import Ended

LOG = logging.getLogger("local.releases")
MERGE = "application/merge-patch+json"
UNFIXABLE = frozenset({"pending-install", "uninstalling", "uninstalled"})
"""States from which a release can only be installed anew."""
HALFWAY = frozenset({"pending-upgrade", "pending-rollback"})


@dataclass(frozen=True)
class LiveReleases:
    """The operations, on the cluster of a live cloud."""

    live: LiveCluster

    def create(self, request: CreateRequest) -> State:
        """Install the chart and wait until its webhooks answer.

        Raises:
            ProviderError: It cannot be installed; nothing of it stands.
            PartialError: It stands, but is not what was asked for.
        """
        inputs = request.inputs
        if request.preview:
            self._judge(inputs)
            return State("", dict(inputs))
        namespace, name = str(inputs["namespace"]), str(inputs["name"])
        if self._newest(namespace, name) is not None:
            raise ProviderError(
                f"release {namespace}/{name} stands already; import it or choose another name"
            )
        return self._installed(inputs, request.timeout)

    def update(self, request: UpdateRequest) -> State:
        """Upgrade the release; one that died half-way is first brought back to what can be."""
        inputs = request.inputs
        if request.preview:
            self._judge(inputs)
            return State(request.id, {**request.old_outputs, **inputs})
        namespace, name = split_id(request.id)
        secret = self._newest(namespace, name)
        if secret is None:
            raise ProviderError(f"release {request.id} is gone; refresh the stack")
        release = _release(secret)
        status = status_of(secret)
        never_stood = status == "failed" and release.revision == 1
        if status in UNFIXABLE or never_stood:
            self._uninstall(release.namespace, release.name, request.timeout)
            return self._installed(inputs, request.timeout)
        note = Note.read(secret, release)
        before = _Before(note, inputs_of(release, note, request.old_inputs))
        chart, manifests = self._prepared(inputs)
        self._install_definitions(chart, inputs)
        with self._helm() as helm:
            if status in HALFWAY:
                self._run(helm, ["rollback", *named(inputs)], request.timeout)
            arguments = ["upgrade", *self._arguments(helm, inputs, chart, request.timeout)]
            arguments += of_upgrades(inputs)
            ended, trouble = self._run(helm, arguments, seconds_of(inputs, request.timeout))
        return self._outcome(inputs, chart, manifests, _End(ended, trouble, before))

    def read(self, request: ReadRequest) -> State | None:
        """The newest revision, as Helm's record has it.

        Raises:
            PartialError: It stands, but failed or was cut off.
        """
        secret = self._newest(*split_id(request.id))
        if secret is None:
            return None
        state = self._state(secret, request.inputs)
        status = status_of(secret)
        if status != DEPLOYED:
            raise PartialError(state, [f"Helm has it as {status}"])
        return state

    def delete(self, request: DeleteRequest) -> None:
        """Uninstall the release; remove its definitions, and what its hooks left."""
        namespace, name = split_id(request.id)
        secret = self._newest(namespace, name)
        hooks = hooks_of(secret) if secret is not None else []
        self._uninstall(str(namespace), name, request.timeout)
        remove_hooks(self.live.cluster, hooks, str(namespace), request.timeout)
        self._remove_definitions(str(namespace), name, request.timeout)

    def _judge(self, inputs: Mapping[str, Any]) -> None:
        """Refuse, before anything is made, what could not be installed."""
        with _told():
            obtaining.judge(wanted_of(inputs), inputs.get("values") or {})

    def _prepared(self, inputs: Mapping[str, Any]) -> tuple[Chart, list[Manifest]]:
        """The chart, its objects, and its images on the node."""
        place = Place(str(inputs["name"]), str(inputs["namespace"]), self.live.aws_endpoint)
        with _told():
            chart = obtaining.obtain(wanted_of(inputs), inputs.get("values") or {}, place)
            manifests = self.live.rendered(chart, place)
            self.live.bring_images(chart, manifests)
        if chart.substituted:
            LOG.info("release %s: %s", place.release, chart.substituted)
        return chart, manifests

    def _installed(self, inputs: Properties, timeout: float) -> State:
        chart, manifests = self._prepared(inputs)
        namespace, name = str(inputs["namespace"]), str(inputs["name"])
        records = self._records
        if inputs.get("createNamespace"):
            records.make_namespace(namespace)
        self._install_definitions(chart, inputs)
        with self._helm() as helm:
            arguments = ["install", *self._arguments(helm, inputs, chart, timeout)]
            ended, trouble = self._run(helm, arguments, seconds_of(inputs, timeout))
        if ended.code != 0 and self._looked(namespace, name) is None:
            with patience.last_look():
                self._remove_definitions(namespace, name, timeout)
            raise ProviderError(failure("was taken back", ended, trouble))
        return self._outcome(inputs, chart, manifests, _End(ended, trouble, None))

    def _outcome(
        self, inputs: Properties, chart: Chart, manifests: list[Manifest], end: "_End"
    ) -> State:
        """Note what was installed, and what came of it."""
        namespace, name = str(inputs["namespace"]), str(inputs["name"])
        secret = self._looked(namespace, name)
        if secret is None:
            raise ProviderError(failure("has no record of it", end.ended, end.trouble))
        if end.ended.code != 0:
            if end.before is not None and end.before.note is not None:
                # rolled back: the newest revision is once more what the old note tells of
                secret = self._noted(secret, end.before.note)
            state = self._state(secret, inputs if end.before is None else end.before.inputs)
            raise PartialError(state, [failure("failed", end.ended, end.trouble)])
        noted = self._noted(secret, Note.of(inputs, chart))
        state = State(object_id(namespace, name), self._state(noted, inputs).outputs)
        try:
            pass_gates(self.live.cluster, manifests, namespace, 0.0)
        except (ProviderError, patience.StoppedError) as error:
            raise PartialError(state, [str(error)]) from None
        return state

    def _noted(self, secret: Mapping[str, Any], note: Note) -> Mapping[str, Any]:
        """Helm's record with a note beside it."""
        meta = secret["metadata"]
        with patience.last_look():
            return self.live.cluster.api.request(
                "PATCH",
                SECRETS.path(meta["namespace"], str(meta["name"])),
                query={"fieldManager": MANAGER},
                body={"metadata": {"annotations": {NOTE: note.text()}}},
                content_type=MERGE,
            )

    def _arguments(
        self, helm: HelmRuns, inputs: Mapping[str, Any], chart: Chart, timeout: float
    ) -> list[str]:
        options = ["--values", helm.values_file(chart.values), *options_of(inputs, timeout)]
        return [*named(inputs, str(chart.folder)), *options]

    def _run(
        self, helm: HelmRuns, arguments: Sequence[str], seconds: float
    ) -> tuple[Ended, list[str]]:
        """Run helm; returns how it ended, and what kept pods from running when last seen."""
        trouble: list[str] = []
        namespace = arguments[arguments.index("--namespace") + 1]

        def watch() -> None:
            seen = pod_troubles(self.live.cluster, namespace)
            if seen:
                trouble[:] = seen

        LOG.info("helm %s", " ".join(arguments[:2]))
        try:
            return helm.run(arguments, seconds, watch), trouble
        except patience.StoppedError as error:
            return Ended(-1, "", str(error)), trouble

    def _uninstall(self, namespace: str, name: str, timeout: float) -> None:
        seconds = timeout or DEFAULT_SECONDS
        arguments = ["uninstall", name, "--namespace", namespace, "--ignore-not-found", "--wait"]
        with self._helm() as helm:
            ended, _ = self._run(helm, [*arguments, "--timeout", f"{seconds:.0f}s"], seconds)
        if ended.code != 0:
            raise ProviderError(f"helm uninstall {name}: {last_words(ended)}")

    def _install_definitions(self, chart: Chart, inputs: Mapping[str, Any]) -> None:
        """Definitions in a layer of their own: before the release, and ready before it begins.

        An upgrade raises them too, which Helm itself never does.
        """
        if inputs.get("skipCrds"):
            return
        owner = owner_of(str(inputs["namespace"]), str(inputs["name"]))
        install = self._records.install_crd
        with ThreadPoolExecutor(AT_ONCE) as pool:
            coming = [pool.submit(copy_context().run, install, each, owner) for each in chart.crds]
        for each in coming:
            each.result()

    def _remove_definitions(self, namespace: str, name: str, timeout: float) -> None:
        owner = owner_of(namespace, name)
        path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        found = self.live.cluster.api.get(path, labelSelector=f"{OWNER_LABEL}={owner}")
        names = [str(each["metadata"]["name"]) for each in mappings(found.get("items"))]
        delete: Callable[..., None] = self.live.cluster.delete
        with ThreadPoolExecutor(AT_ONCE) as pool:
            left = [
                pool.submit(copy_context().run, delete, DEFINITIONS, None, each, {}, timeout)
                for each in names
            ]
        for each in left:
            each.result()

    def _helm(self) -> AbstractContextManager[HelmRuns]:
        return helm_runs(self.live.access, self.live.folder)

    @property
    def _records(self) -> Releases:
        return Releases(self.live.cluster)

    def _newest(self, namespace: str | None, name: str) -> Mapping[str, Any] | None:
        path = f"/api/v1/namespaces/{namespace}/secrets"
        found = self.live.cluster.api.get(path, labelSelector=f"owner=helm,name={name}")
        return max(mappings(found.get("items")), key=_revision, default=None)

    def _looked(self, namespace: str, name: str) -> Mapping[str, Any] | None:
        """The same, also when the request was told to end meanwhile."""
        with patience.last_look():
            return self._newest(namespace, name)

    def _state(self, secret: Mapping[str, Any], recorded: Mapping[str, Any]) -> State:
        release = _release(secret)
        note = Note.read(secret, release)
        inputs = inputs_of(release, note, recorded)
        outputs = {**inputs, **outputs_of(release, note, status_of(secret))}
        return State(object_id(release.namespace, release.name), outputs, inputs)


@dataclass(frozen=True)
class _Before:
    """What stood before an upgrade."""

    note: Note | None
    inputs: Properties


@dataclass(frozen=True)
class _End:
    """How helm ended, what pods lacked then, and what stood before."""

    ended: Ended
    trouble: list[str]
    before: _Before | None


@contextmanager
def _told() -> Generator[None]:
    """Errors of the local cloud as those of a provider."""
    try:
        yield
    except WrongValuesError as error:
        raise ProviderError(f"{error}; nothing was installed") from None
    except LocalCloudError as error:
        raise ProviderError(" ".join(filter(None, (error.what, error.detail)))) from None


def _revision(secret: Mapping[str, Any]) -> int:
    return int(secret["metadata"]["labels"].get("version", 0))


def _release(secret: Mapping[str, Any]) -> Release:
    try:
        return helm_storage.from_secret(secret)
    except ValueError as error:
        raise ProviderError(str(error)) from None
