"""Kubernetes versions that EKS offers, with the dates of their support.

Ends of support: EKS user guide (1.30 to 1.34) and users' tables of 2026 (1.35, 1.36). Days of
release of 1.35 and 1.36 are counted back 14 months from the end of standard support. Patch
versions are the newest that nodes or add-ons of that version were seen with.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime

AS_OF = date(2026, 11, 24)
"""Day on which the table was made."""


@dataclass(frozen=True)
class ClusterVersion:
    """One Kubernetes minor version on EKS.

    Attributes:
        version: Minor version, such as ``1.35``.
        patch: Kubernetes patch version that clusters get.
        released: Day of release on EKS.
        standard_until: Last day of standard support.
        extended_until: Last day of extended support, which costs extra.
    """

    version: str
    patch: str
    released: date
    standard_until: date
    extended_until: date

    def status(self, day: date) -> str:
        """Support on `day`, in the words of the EKS API."""
        if day <= self.standard_until:
            return "STANDARD_SUPPORT"
        return "EXTENDED_SUPPORT" if day <= self.extended_until else "UNSUPPORTED"


DEFAULT_VERSION = "1.35"
"""Version of a cluster whose creator names none."""

CLUSTER_VERSIONS: tuple[ClusterVersion, ...] = (
    ClusterVersion("1.36", "1.36.2", date(2026, 6, 2), date(2027, 8, 2), date(2028, 8, 2)),
    ClusterVersion("1.35", "1.35.6", date(2026, 1, 27), date(2027, 3, 27), date(2028, 3, 27)),
    ClusterVersion("1.34", "1.34.6", date(2025, 10, 2), date(2026, 12, 2), date(2027, 12, 2)),
    ClusterVersion("1.33", "1.33.10", date(2025, 5, 29), date(2026, 7, 29), date(2027, 7, 29)),
    ClusterVersion("1.32", "1.32.13", date(2025, 1, 23), date(2026, 3, 23), date(2027, 3, 23)),
    ClusterVersion("1.31", "1.31.14", date(2024, 9, 26), date(2025, 11, 26), date(2026, 11, 26)),
    ClusterVersion("1.30", "1.30.14", date(2024, 5, 23), date(2025, 7, 23), date(2026, 7, 23)),
)


def today() -> date:
    """The day by which support is judged."""
    return datetime.now(UTC).date()


def offered(version: str, day: date | None = None) -> ClusterVersion | None:
    """The entry of `version` when EKS would still make a cluster of it on `day` (default today)."""
    for entry in CLUSTER_VERSIONS:
        if entry.version == version and entry.status(day or today()) != "UNSUPPORTED":
            return entry
    return None
