"""The settings with which `llmp serve` starts the gateway on a laptop."""

from pathlib import Path

import gateway
import yaml
from gateway.catalogue import DEFAULT_MODELS
from gateway.settings import check, load

CONFIG = Path(gateway.__file__).parent / "config"


def test_the_models_are_those_that_the_gateway_serves_by_default() -> None:
    named = yaml.safe_load((CONFIG / "models.yaml").read_text(encoding="utf-8"))
    assert check({**named, "keys": {"required": False}}).models == DEFAULT_MODELS


def test_they_are_good_settings_of_the_gateway() -> None:
    assert load(CONFIG / "local.yaml").listen.host == "127.0.0.1"
