"""DescribeClusterVersions."""

from datetime import UTC, date, datetime, time

from local.aws.data.cluster_versions import CLUSTER_VERSIONS, DEFAULT_VERSION, ClusterVersion, today
from local.aws.operations import Call, Document, page


def describe(call: Call) -> Document:
    """DescribeClusterVersions, newest first; unsupported ones only with ``includeAll``."""
    wanted: list[str] = list(call.get("clusterVersions") or [])
    status = call.get("versionStatus")
    old_status = call.get("status")
    found: list[Document] = []
    for entry in CLUSTER_VERSIONS:
        described = _describe(entry)
        shown = described["versionStatus"] != "UNSUPPORTED" or bool(call.get("includeAll"))
        if wanted:
            shown = entry.version in wanted
        if call.get("defaultOnly"):
            shown = shown and entry.version == DEFAULT_VERSION
        if status:
            shown = shown and described["versionStatus"] == status
        if old_status:
            shown = shown and described["status"] == old_status
        if shown:
            found.append(described)
    items, token = page(found, call, invalid="InvalidParameterException")
    return {"clusterVersions": items, "nextToken": token}


def _describe(entry: ClusterVersion) -> Document:
    status = entry.status(today())
    return {
        "clusterVersion": entry.version,
        "clusterType": "eks",
        "defaultPlatformVersion": "eks.1",
        "defaultVersion": entry.version == DEFAULT_VERSION,
        "releaseDate": _moment(entry.released),
        "endOfStandardSupportDate": _moment(entry.standard_until),
        "endOfExtendedSupportDate": _moment(entry.extended_until),
        "status": status.lower().replace("_", "-"),
        "versionStatus": status,
        "kubernetesPatchVersion": entry.patch,
    }


def _moment(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
