"""A rule for what a model says to the gateway: ``gateway.yaml``, and ``template.jinja``."""

from collections.abc import Iterator
from pathlib import Path

from serving.checking.model import Model, Repository
from serving.checking.problem import Problem

# The gateway is imported where it is needed: this package runs in Triton's image too, without it.


def gateway_entry(model: Model, repository: Repository) -> Iterator[Problem]:
    """The gateway can serve the model by its entry: keys, values, and a template that works."""
    del repository
    if model.is_variant:
        return
    for file in (model.folder / "gateway.yaml", model.folder / "template.jinja"):
        if file.exists():
            for found in _wrong(model.folder):
                path, _, message = found.partition(": ")
                yield model.problem_in(model.folder.parent / path, message)
            return


def _wrong(folder: Path) -> list[str]:
    """What the stack, and then the gateway, would have against a model's entry."""
    from gateway.settings import SettingsError, read_document  # noqa: PLC0415

    from llm_platform.serving.model_entry import ENTRY_FILE, TEMPLATE_FILE, entry_of  # noqa: PLC0415

    file, beside = folder / ENTRY_FILE, folder / TEMPLATE_FILE
    if not file.is_file():
        return [f"{folder.name}/{TEMPLATE_FILE}: nothing reads it without {ENTRY_FILE} beside it"]
    try:
        template = beside.read_text(encoding="utf-8") if beside.is_file() else None
        document = read_document(file)
    except UnicodeDecodeError:
        return [f"{folder.name}/{TEMPLATE_FILE}: is not text in UTF-8"]
    except SettingsError as error:
        return [f"{folder.name}/{ENTRY_FILE}: {str(error).removeprefix(f'{file}: ')}"]
    entry, problems = entry_of(folder.name, document, template)
    return [str(each) for each in problems] or _refused(folder.name, entry)


def _refused(name: str, entry: dict[str, object]) -> list[str]:
    from gateway.catalogue import CatalogueError, ModelSettings, make_catalogue  # noqa: PLC0415
    from pydantic import ValidationError  # noqa: PLC0415

    try:
        make_catalogue([ModelSettings.model_validate(entry)])
    except (ValidationError, CatalogueError) as error:
        return [f"{name}/gateway.yaml: {line}" for line in str(error).splitlines()]
    return []
