"""A folder of models for the live platform: those of the project, and two that are worse."""

import re
import shutil
from pathlib import Path

import yaml

from infra.model_repository import gateway_entry
from llm_platform.serving.model_entry import ENTRY_FILE, TEMPLATE_FILE
from local.paths import REPOSITORY

SOURCE = "smollm2"
ONE_TURN = "smollm2-one-turn"
"""Its chat template takes the first turn of a conversation, and breaks on the next one."""
SLOW = "smollm2-slow"
"""Thinks for a while before every answer."""
SLOW_SECONDS = 4
ONE_TURN_TEMPLATE = """
{%- for turn in messages -%}
{{- '<|im_start|>' ~ turn.role ~ '\\n' ~ turn.content ~ '<|im_end|>\\n' -}}
{%- if not loop.first -%}{{- turn.name.upper() -}}{%- endif -%}
{%- endfor -%}
{{- '<|im_start|>assistant\\n' -}}
"""
SLOW_MODEL = f"""
import time

from serving.llm import LlmModel


class TritonPythonModel(LlmModel):
    def execute(self, requests):
        time.sleep({SLOW_SECONDS})
        super().execute(requests)
"""


def make_models(folder: Path) -> Path:
    """Make the folder; returns it."""
    folder.mkdir()
    for each in (REPOSITORY / "model_repo").iterdir():
        if each.is_dir():
            (folder / each.name).symlink_to(each)
    one_turn = _copied(folder, ONE_TURN)
    (one_turn / TEMPLATE_FILE).write_text(ONE_TURN_TEMPLATE, encoding="utf-8")
    slow = _copied(folder, SLOW)
    (slow / "1" / "model.py").write_text(SLOW_MODEL, encoding="utf-8")
    entry = {key: value for key, value in (gateway_entry(SOURCE) or {}).items() if key != "name"}
    (slow / ENTRY_FILE).write_text(yaml.safe_dump(entry), encoding="utf-8")
    del entry["template"]
    (one_turn / ENTRY_FILE).write_text(yaml.safe_dump(entry), encoding="utf-8")
    return folder


def _copied(folder: Path, name: str) -> Path:
    target = folder / name
    shutil.copytree(
        REPOSITORY / "model_repo" / SOURCE, target, ignore=shutil.ignore_patterns("__pycache__")
    )
    config = target / "config.pbtxt"
    text = config.read_text(encoding="utf-8")
    renamed = re.sub(rf'^name: "{SOURCE}"$', f'name: "{name}"', text, flags=re.MULTILINE)
    config.write_text(renamed, encoding="utf-8")
    return target
