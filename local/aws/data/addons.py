"""What an EKS add-on is; the table of them is `local.aws.data.addon_releases`."""

from dataclasses import dataclass

from local.aws.operations import Document


@dataclass(frozen=True)
class Release:
    """One published version of an add-on.

    Attributes:
        version: Version as EKS names it.
        clusters: Kubernetes versions that it is offered for.
        default_for: Kubernetes versions that get it when no version is named.
        source: Where the version was seen.
    """

    version: str
    clusters: tuple[str, ...]
    default_for: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True)
class Addon:
    """An add-on.

    Attributes:
        name: Name in the API.
        kind: Type in the API: networking, storage, observability, security.
        namespace: Namespace that it is installed in.
        releases: Versions, newest first.
        needs_nodes: Whether it stays DEGRADED without a node (Deployments, not DaemonSets).
        identities: Its service accounts that need AWS rights, each with the managed policies
            that AWS recommends.
        maker: Publisher and owner, as the API names them.
    """

    name: str
    kind: str
    namespace: str
    releases: tuple[Release, ...]
    needs_nodes: bool = False
    identities: tuple[tuple[str, tuple[str, ...]], ...] = ()
    maker: tuple[str, str] = ("eks", "aws")

    def releases_for(self, cluster_version: str) -> list[str]:
        """Versions that are offered for a Kubernetes version, newest first."""
        return [entry.version for entry in self.releases if cluster_version in entry.clusters]

    def default_for(self, cluster_version: str) -> str:
        """Version that an add-on gets whose maker names none; there must be one at all."""
        for entry in self.releases:
            if cluster_version in entry.default_for:
                return entry.version
        return self.releases_for(cluster_version)[0]

    def describe(self, cluster_version: str | None) -> Document:
        """The add-on as DescribeAddonVersions tells it, for one Kubernetes version or for all."""
        versions: list[Document] = []
        for release in self.releases:
            wanted = [name for name in release.clusters if cluster_version in {None, name}]
            if wanted:
                versions.append(self._describe_release(release, wanted))
        return {
            "addonName": self.name,
            "type": self.kind,
            "publisher": self.maker[0],
            "owner": self.maker[1],
            "defaultNamespace": self.namespace,
            "addonVersions": versions,
        }

    def _describe_release(self, release: Release, clusters: list[str]) -> Document:
        return {
            "addonVersion": release.version,
            "architecture": ["amd64", "arm64"],
            "computeTypes": ["ec2", "auto"],
            "compatibilities": [
                {
                    "clusterVersion": name,
                    "platformVersions": ["*"],
                    "defaultVersion": self.default_for(name) == release.version,
                }
                for name in clusters
            ],
            "requiresConfiguration": False,
            "requiresIamPermissions": bool(self.identities),
        }
