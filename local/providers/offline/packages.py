"""The three packages of an offline plan, and what they are told about its environment."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from local.assumed.model import Fact, Setting
from local.providers.eks.package import EksPackage
from local.providers.model import Package
from local.providers.offline.aws import OfflineAwsPackage, Surroundings
from local.providers.offline.kubernetes import OfflineKubernetesPackage
from local.providers.offline.ledger import Ledger

SETTING_FILE = "setting.json"


def write_setting(folder: Path, setting: Setting) -> None:
    """Leave what is known of the environment for :func:`offline_packages`."""
    (folder / SETTING_FILE).write_text(json.dumps(asdict(setting)), encoding="utf-8")


def read_setting(folder: Path) -> Setting:
    """What :func:`write_setting` left in `folder`."""
    document = json.loads((folder / SETTING_FILE).read_text(encoding="utf-8"))
    known = {name: Fact(**fact) for name, fact in document["known"].items()}
    return Setting(document["environment"], known)


def offline_packages(folder: Path) -> Sequence[Package]:
    """Packages that plan; facts that they give are noted in `folder`, see `ledger`.

    Args:
        folder: Private folder of the plan, with what :func:`write_setting` left.
    """
    today = datetime.now(UTC).date().isoformat()
    around = Surroundings(read_setting(folder), Ledger(folder), today)
    return OfflineAwsPackage(around), OfflineKubernetesPackage(), EksPackage()
