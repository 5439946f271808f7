"""Every Kubernetes object of a plan against the schema of its kind."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.offline.conformity import Checker, Findings, with_defaults
from infra.offline.exported import UNKNOWN
from infra.offline.planned import Planned
from infra.offline.schemas import built_in, pinned_release
from local.cluster.crd_catalogue import CATALOGUE
from local.cluster.crds import UNVALIDATED_LABEL, crds_for
from local.errors import LocalCloudError
from local.providers.kubernetes.objects import parse_token
from local.providers.kubernetes.trees import mapping
from local.reporter import QuietReporter, Reporter

HIDDEN = "[secret]"
"""How the engine writes a secret in its events."""

_PREFIX = "kubernetes:"
_NO_OBJECTS = ("kubernetes:helm.sh/",)
_METADATA = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


@dataclass(frozen=True, order=True)
class ManifestProblem:
    """Something wrong with an object.

    Attributes:
        kind: Such as ``Deployment (apps/v1)``.
        name: Logical name of the resource.
        path: Path of the field.
        problem: What is wrong, and what is allowed.
        urn: URN of the resource.
    """

    kind: str
    name: str
    path: str
    problem: str
    urn: str


@dataclass(frozen=True)
class NotValidated:
    """Objects of a kind that could not be checked.

    Attributes:
        kind: Such as ``ClusterPolicy (nvidia.com/v1)``.
        objects: How many.
        reason: Why.
    """

    kind: str
    objects: int
    reason: str


@dataclass(frozen=True)
class Verdict:
    """What came of the check.

    Attributes:
        objects: Number of objects in the plan.
        problems: What is wrong, by kind and name.
        invalid: Number of objects with a problem.
        unknown_values: Values that were passed over because they are not known or hidden.
        not_validated: Kinds without a schema.
        sources: Where the schemas are from.
    """

    objects: int = 0
    problems: list[ManifestProblem] = field(default_factory=list[ManifestProblem])
    invalid: int = 0
    unknown_values: int = 0
    not_validated: list[NotValidated] = field(default_factory=list[NotValidated])
    sources: list[str] = field(default_factory=list[str])

    @property
    def valid(self) -> int:
        """Number of objects that were checked and have no problem."""
        return self.objects - self.invalid - sum(each.objects for each in self.not_validated)


class NoSchemaError(Exception):
    """A kind cannot be checked; the message says why."""


class Schemas:
    """Schemas by API version and kind, read when they are first wanted."""

    def __init__(self, charts: Mapping[str, str], reporter: Reporter) -> None:
        self._charts = charts
        self._reporter = reporter
        self._built_in: dict[str, Mapping[str, Any] | None] = {}
        self._custom: dict[tuple[str, str], tuple[Mapping[str, Any], str]] = {}
        self._read: set[str] = set()
        self.sources: dict[str, None] = {}
        self.failed: list[str] = []

    def check(self, manifest: Mapping[str, Any], findings: Findings) -> None:
        """Check one object.

        Raises:
            NoSchemaError: There is no schema for it.
        """
        version, kind = str(manifest["apiVersion"]), str(manifest["kind"])
        found = self._of_release(version)
        if found is not None and kind in found["kinds"]:
            self.sources[f"Kubernetes {pinned_release()}"] = None
            schemas = mapping(found["schemas"])
            checker = Checker(_is_unknown, lambda name: schemas[name])
            checker.check(manifest, schemas[found["kinds"][kind]], findings, implied=False)
            return
        schema, source = self._of_crd(version, kind)
        self.sources[source] = None
        core = self._of_release("v1")
        shared = mapping(core["schemas"]) if core else {}
        checker = Checker(_is_unknown, lambda name: shared[name])
        checker.check(with_defaults(manifest, schema), schema, findings, implied=True)
        if core is not None:
            about = {"type": "object", "properties": {"metadata": {"$ref": _METADATA}}}
            metadata = {"metadata": mapping(manifest.get("metadata"))}
            # its values were counted above
            again = Findings()
            checker.check(metadata, about, again, implied=False)
            findings.problems.extend(again.problems)

    def _of_release(self, api_version: str) -> Mapping[str, Any] | None:
        if api_version not in self._built_in:
            try:
                self._built_in[api_version] = built_in(api_version, self._reporter)
            except LocalCloudError as error:
                raise NoSchemaError(
                    f"the schemas of Kubernetes {pinned_release()} are not to be had: {error.what}"
                ) from None
        return self._built_in[api_version]

    def _of_crd(self, api_version: str, kind: str) -> tuple[Mapping[str, Any], str]:
        # the charts of the plan first: another one may bring other versions of a kind
        for chart in (*self._charts, *CATALOGUE):
            if (api_version, kind) in self._custom:
                break
            self._read_chart(chart)
        if (api_version, kind) in self._custom:
            schema, source = self._custom[api_version, kind]
            if not schema:
                raise NoSchemaError(source)
            return schema, source
        reason = "no pinned chart brings this kind"
        raise NoSchemaError("; ".join([reason, *self.failed]))

    def _read_chart(self, chart: str) -> None:
        if chart in self._read:
            return
        self._read.add(chart)
        version = self._charts.get(chart) or CATALOGUE[chart].chart_version
        try:
            crds = crds_for(chart, version, self._reporter)
        except LocalCloudError as error:
            self.failed.append(f"{chart}: {error.what}")
            return
        for crd in crds.manifests:
            self._add(crd, crds.source)

    def _add(self, crd: Mapping[str, Any], source: str) -> None:
        spec = crd["spec"]
        is_open = crd["metadata"].get("labels", {}).get(UNVALIDATED_LABEL) == "true"
        for version in spec["versions"]:
            key = (f"{spec['group']}/{version['name']}", str(spec["names"]["kind"]))
            schema = {} if is_open else mapping(version["schema"]["openAPIV3Schema"])
            told = f"its CRD accepts everything ({source})" if is_open else source
            if not self._custom.get(key, ({}, ""))[0]:
                self._custom[key] = (schema, told)


def validate(planned: Iterable[Planned], reporter: Reporter | None = None) -> Verdict:
    """Check every object that stays or is made; those that go are passed over.

    Args:
        planned: The resources of a plan.
        reporter: Told when schemas have to be fetched.
    """
    resources = list(planned)
    schemas = Schemas(charts_of(resources), reporter or QuietReporter())
    problems: list[ManifestProblem] = []
    reasons: dict[str, str] = {}
    unchecked: Counter[str] = Counter()
    objects = invalid = unknown = 0
    for each in resources:
        if not is_object(each):
            continue
        objects += 1
        manifest = manifest_of(each)
        kind = f"{manifest['kind']} ({manifest['apiVersion']})"
        findings = Findings()
        try:
            schemas.check(manifest, findings)
        except NoSchemaError as error:
            unchecked[kind] += 1
            reasons[kind] = str(error)
            continue
        unknown += findings.unknown
        invalid += bool(findings.problems)
        problems += [
            ManifestProblem(kind, each.name, path, problem, each.urn)
            for path, problem in findings.problems
        ]
    return Verdict(
        objects=objects,
        problems=sorted(problems),
        invalid=invalid,
        unknown_values=unknown,
        not_validated=[
            NotValidated(kind, count, reasons[kind]) for kind, count in sorted(unchecked.items())
        ],
        sources=list(schemas.sources),
    )


def is_object(planned: Planned) -> bool:
    """Whether a resource is an object of Kubernetes that the plan makes or leaves standing."""
    return (
        planned.custom
        and planned.type.startswith(_PREFIX)
        and not planned.type.startswith(_NO_OBJECTS)
        and planned.operation != "delete"
    )


def manifest_of(planned: Planned) -> dict[str, Any]:
    """The object as it would be sent to the API server."""
    token = parse_token(planned.type)
    given = {key: value for key, value in planned.inputs.items() if not key.startswith("__")}
    return {"apiVersion": token.api_version, "kind": token.kind, **given}


def charts_of(planned: Iterable[Planned]) -> dict[str, str]:
    """The charts and EKS add-ons of a plan that may bring CRDs: name → version."""
    found: dict[str, str] = {}
    for each in planned:
        if each.type == "kubernetes:helm.sh/v3:Release":
            name = str(each.inputs.get("chart", "")).rstrip("/").rpartition("/")[2]
            found[name] = str(each.inputs.get("version", ""))
        elif each.type == "aws:eks/addon:Addon":
            found[str(each.inputs.get("addonName", ""))] = str(each.inputs.get("addonVersion", ""))
    return {name: version for name, version in found.items() if name in CATALOGUE}


def _is_unknown(value: Any) -> bool:
    return isinstance(value, str) and value in {UNKNOWN, HIDDEN}
