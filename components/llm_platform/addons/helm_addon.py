"""HelmAddon: one chart in a namespace of its own."""

from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from llm_platform.addons.helm_addon_check import check_helm_addon
from llm_platform.addons.merge import merge_values
from llm_platform.component import PlatformComponent, after
from llm_platform.inputs import raise_if_wrong
from llm_platform.kubernetes.generated_secret import GeneratedSecret, generated_secret
from llm_platform.kubernetes.kinds import PodSecurity
from llm_platform.kubernetes.objects import make_namespace
from llm_platform.versions import KUBERNETES_VERSION

DEFAULT_TIMEOUT = 600
KEPT_REVISIONS = 5


class HelmAddonArgs(TypedDict):
    """Inputs of a `HelmAddon`."""

    chart: str
    """Name of the chart in its repository, or its whole ``oci://`` address."""
    version: str
    """Exact version of the chart."""
    repository: NotRequired[str]
    """URL of the repository. Left out with an ``oci://`` chart."""
    namespace: str
    """Namespace of the release."""
    create_namespace: NotRequired[bool]
    """Whether to make the namespace, and delete it with the add-on. Default: yes."""
    pod_security: NotRequired[PodSecurity]
    """What the pods may ask of their node. Default: restricted."""
    kubernetes_version: NotRequired[str]
    """Minor version whose definition of Pod Security holds. Default: the library's."""
    namespace_labels: NotRequired[dict[str, str]]
    """Further labels of the namespace. Default: none."""
    release_name: NotRequired[str]
    """Name of the release. Default: the component's name."""
    values: NotRequired[dict[str, Any]]
    """Values of the chart; outputs may stand anywhere in them. Default: the chart's own."""
    overrides: NotRequired[dict[str, Any]]
    """Values that win over `values`, merged key by key. Default: none."""
    generated_secrets: NotRequired[list[GeneratedSecret]]
    """Secrets with random passwords that stand before the release; External Secrets makes
    them. Default: none."""
    timeout_seconds: NotRequired[int]
    """How long the release may take to get ready. Default: 600."""
    atomic: NotRequired[bool]
    """Whether a release that does not get ready is taken back, so that the next attempt finds
    no half of it. Default: yes."""
    skip_crds: NotRequired[bool]
    """Whether to leave out what is in the chart's ``crds`` folder. Default: no."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Owner, team and cost centre; they become labels of the namespace."""


class HelmAddon(PlatformComponent):
    """A Helm release whose namespace holds its pods to a Pod Security level.

    It is ready when what it installed is, so whatever depends on it finds running controllers.
    The values are merged here and sorted, so that the same inputs give the same release.
    """

    release_name: pulumi.Output[str]
    """Name of the release; known once it is ready."""
    namespace: pulumi.Output[str]
    """Namespace of the release; known once it is ready, so what uses it comes after."""
    version: pulumi.Output[str]
    """Version of the chart."""

    def __init__(
        self, name: str, args: HelmAddonArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        release_name = args.get("release_name", name)
        named: HelmAddonArgs = {**args, "release_name": release_name}
        raise_if_wrong(f"HelmAddon '{name}'", HelmAddonArgs, named, check_helm_addon)
        super().__init__("HelmAddon", name, args, args.get("tags", {}), opts)
        namespace, gates = self._room(name, args)
        release = kubernetes.helm.v3.Release(
            f"{name}-release",
            name=release_name,
            chart=args["chart"],
            version=args["version"],
            repository_opts={"repo": args["repository"]} if "repository" in args else None,
            namespace=namespace,
            create_namespace=False,
            values=merge_values(args.get("values", {}), args.get("overrides", {})),
            timeout=args.get("timeout_seconds", DEFAULT_TIMEOUT),
            atomic=args.get("atomic", True),
            cleanup_on_fail=True,
            skip_crds=args.get("skip_crds", False),
            max_history=KEPT_REVISIONS,
            opts=self.child(depends_on=gates),
        )
        self.release_name = after(release_name, [release])
        self.namespace = after(args["namespace"], [release])
        self.version = pulumi.Output.from_input(args["version"])
        self.register_outputs(
            {
                "release_name": self.release_name,
                "namespace": self.namespace,
                "version": self.version,
            }
        )

    def _room(
        self, name: str, args: HelmAddonArgs
    ) -> tuple[pulumi.Input[str], list[pulumi.Resource]]:
        """The release's namespace, and what must be in it before the release."""
        namespace: pulumi.Input[str] = args["namespace"]
        if args.get("create_namespace", True):
            made = make_namespace(
                self,
                f"{name}-namespace",
                args["namespace"],
                args.get("pod_security", PodSecurity.RESTRICTED),
                args.get("kubernetes_version", KUBERNETES_VERSION),
                labels=args.get("namespace_labels"),
            )
            namespace = made.metadata.name
        secrets = [
            generated_secret(self, f"{name}-{each['name']}", namespace, each)
            for each in args.get("generated_secrets", [])
        ]
        return namespace, [*secrets]
