"""What the table of add-ons says of each. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llm_platform.addons.context import AddonContext
from llm_platform.addons.kinds import CrdSource, Layer, Profile
from llm_platform.kubernetes.kinds import PodSecurity

if TYPE_CHECKING:
    from llm_platform.aws.workload_identity import PolicyStatement

OCI = "oci://"


@dataclass(frozen=True)
class AddonIdentity:
    """What an add-on's pods may do in AWS, by Pod Identity.

    Attributes:
        service_account: Name of the service account that the chart makes, in the add-on's
            namespace.
        statements: Statements of the role's policy.
        managed_policies: AWS managed policies, by name.
    """

    service_account: str
    statements: "Callable[[AddonContext], list[PolicyStatement]]"
    managed_policies: Sequence[str] = ()


@dataclass(frozen=True)
class AddonSecret:
    """A secret that is made in the cluster with a random password, and is nowhere else.

    Attributes:
        name: Name of the Secret, in the add-on's namespace.
        user_key: Key of the user's name.
        user: The user's name.
        password_key: Key of the password.
    """

    name: str
    user_key: str
    user: str
    password_key: str


@dataclass(frozen=True)
class Addon:
    """One add-on: which chart, where, and what it needs.

    Attributes:
        name: Name of the add-on and of its release.
        chart: Name of the chart in its repository.
        repository: URL of the repository; with ``oci://`` the chart's name is added to it.
        version: Exact version of the chart.
        app_version: Version of what the chart installs by default.
        namespace: Namespace of the release.
        layer: When it is installed.
        purpose: What it is for, in one line.
        requires: Add-ons that must stand before it.
        after: Add-ons that must stand before it where they are there at all.
        conflicts: Add-ons that must not stand beside it, with the reason.
        own_namespace: Whether the namespace is the add-on's and made with it.
        pod_security: What its pods may ask of their node; of no meaning without own namespace.
        crds: How it brings its kinds.
        profile: Which platforms have it without asking.
        identity: What it may do in AWS; none for most.
        secrets: Secrets that must be in its namespace before its pods start.
        timeout_minutes: How long an installation may take before it is taken back.
        note: What else to know.
    """

    name: str
    chart: str
    repository: str
    version: str
    app_version: str
    namespace: str
    layer: Layer
    purpose: str
    requires: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    conflicts: tuple[tuple[str, str], ...] = ()
    own_namespace: bool = True
    pod_security: PodSecurity = PodSecurity.RESTRICTED
    crds: CrdSource = CrdSource.NONE
    profile: Profile = Profile.ALWAYS
    identity: AddonIdentity | None = None
    secrets: tuple[AddonSecret, ...] = ()
    timeout_minutes: int = 10
    note: str = ""

    @property
    def reference(self) -> str:
        """What Helm takes as chart: its name, or with an OCI registry its whole address."""
        return f"{self.repository}/{self.chart}" if self.is_oci else self.chart

    @property
    def is_oci(self) -> bool:
        """Whether the chart is in an OCI registry rather than a repository with an index."""
        return self.repository.startswith(OCI)
