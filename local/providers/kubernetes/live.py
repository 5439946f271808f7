"""The cluster of a live cloud, as releases need it: its API, its node, its images."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from local import locks
from local.charts.model import Chart, Manifest, Place
from local.charts.needed import KUBERNETES, images_of_chart
from local.charts.rendering import rendered
from local.cluster.record import Record
from local.node import access as node_access
from local.node.access import LiveCloud
from local.node.prefetch import prefetch
from local.providers.kubernetes.access import Access
from local.providers.kubernetes.cluster import Cluster
from local.reporter import QuietReporter

LOCK = "images.lock"


@dataclass(frozen=True)
class LiveCluster:
    """A cluster whose node is ours.

    Attributes:
        cluster: Its API server.
        access: Who talks to it.
        cloud: The cloud that it belongs to.
        aws_endpoint: Where pods reach the emulated AWS.
    """

    cluster: Cluster
    access: Access
    cloud: LiveCloud
    aws_endpoint: str

    @property
    def folder(self) -> Path:
        """The cloud's folder."""
        return self.cloud.folder

    def rendered(self, chart: Chart, place: Place) -> list[Manifest]:
        """What Helm makes of a chart.

        Raises:
            LocalCloudError: It refuses.
        """
        return rendered(chart, place, KUBERNETES)

    def bring_images(self, chart: Chart, manifests: Iterable[Manifest]) -> None:
        """Have every image of a chart on the node, or known as one that is simulated.

        Raises:
            LocalCloudError: One is known to nobody, or cannot be made.
        """
        wanted = images_of_chart(chart, manifests)
        if not wanted:
            return
        # one release at a time: they share images, and the machine builds one thing at a time
        with locks.waiting(self.folder / LOCK, QuietReporter(), "images", "makes images"):
            prefetch(self.cloud, wanted, QuietReporter())


def live_cluster(folder: Path | None, access: Access, cluster: Cluster) -> LiveCluster | None:
    """The live cluster that `access` leads to; None when it leads to another one.

    Args:
        folder: Folder of the cloud whose stand-ins these are; None when there is no cloud.
        access: Access to an API server.
        cluster: The same API server.
    """
    record = Record.read(folder) if folder is not None else None
    cloud = node_access.of_folder(folder) if folder is not None else None
    if record is None or cloud is None or access.server != record.cluster_endpoint.rstrip("/"):
        return None
    endpoint = f"http://{cloud.node_ip}:{record.ports.aws}"
    return LiveCluster(cluster, access, cloud, endpoint)
