"""docs/gateway.md says of the settings what is so."""

import re
from pathlib import Path

import pytest
from gateway.admission import AdmissionSettings
from gateway.listen import ListenSettings
from gateway.protocol.grpc_service import CODES
from gateway.upstream.settings import UpstreamSettings
from pydantic import BaseModel

PAGE = (Path(__file__).resolve().parents[4] / "docs" / "gateway.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \| (?:`(.*?)`)? ?\| .+ \|$", re.MULTILINE)


@pytest.mark.parametrize(
    ("section", "model"),
    [("listen", ListenSettings), ("upstream", UpstreamSettings), ("admission", AdmissionSettings)],
)
def test_all_settings_are_there_with_their_defaults(section: str, model: type[BaseModel]) -> None:
    heading = re.search(rf"^`{section}`(: .*)?$", PAGE, re.MULTILINE)
    assert heading
    table = PAGE[heading.end() :].split("| setting |", 1)[1].split("\n\n", 1)[0]
    said = {row.group(1): row.group(2) or "" for row in ROW.finditer(table)}
    values = model().model_dump()

    assert said == {name: "" if value is None else str(value) for name, value in values.items()}


def test_all_statuses_are_there() -> None:
    for status, code in CODES.items():
        row = next(line for line in PAGE.splitlines() if re.match(rf"\|.*\| .*{status}.* \|", line))
        assert code.name in row


def test_files_that_are_named_exist() -> None:
    root = Path(__file__).resolve().parents[4]
    for name in re.findall(r"`(gateway/\w+\.py|gateway/\w+/|bench/\w+\.py)`", PAGE):
        assert (root / name).exists() or (root / "services" / name).exists(), name
