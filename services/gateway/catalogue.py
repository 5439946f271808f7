"""The models that the gateway serves: section ``models`` of its settings."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Self

from jinja2 import TemplateError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from gateway.access import authorize
from gateway.contract import Capabilities, Kind, Message, ServedModel, Tenant
from gateway.errors import InvalidRequestError, NotFoundError
from gateway.openai.template import ChatTemplate, shipped, shipped_names

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"
Text = Annotated[str, Field(min_length=1, max_length=64)]


class CapabilitySettings(BaseModel):
    """What the backend can do beyond plain text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    json_schema: bool = Field(default=False, description="Output held to a JSON schema.")
    tools: bool = Field(default=False, description="Calls of functions; needs json_schema.")
    logprobs: bool = Field(default=False, description="Log probabilities of tokens.")


class ModelSettings(BaseModel):
    """One model as clients see it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=NAME, description="What clients ask for.")
    kind: Kind = Field(description="chat, embedding, or tensor (Open Inference Protocol only).")
    triton: str = Field(
        default="", pattern=r"^([A-Za-z0-9._-]{1,128})?$", description="Triton's model; else name."
    )
    context_tokens: int = Field(
        default=0, ge=0, le=10_000_000, description="Prompt and answer together, at most."
    )
    max_output_tokens: int = Field(
        default=0, ge=0, le=10_000_000, description="Answer, at most; 0: as many as fit."
    )
    template: str = Field(default="", description="Chat template that comes with the gateway.")
    template_file: Path | None = Field(default=None, description="Or a file that holds one.")
    template_text: str = Field(default="", max_length=65_536, description="Or the text of one.")
    stop: tuple[Text, ...] = Field(default=(), description="Texts that end every answer.")
    control_tokens: tuple[Text, ...] = Field(
        default=(), description="Tokens of the template, broken up in the text of messages."
    )
    bos_token: str = Field(default="", max_length=64)
    eos_token: str = Field(default="", max_length=64)
    longest_token: int = Field(
        default=128, ge=1, le=4096, description="Bytes that one token stands for, at most."
    )
    capabilities: CapabilitySettings = CapabilitySettings()
    owned_by: str = Field(default="llm-platform", min_length=1, max_length=128)
    created: int = Field(default=0, ge=0, le=2**40, description="Seconds since 1970.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if found := list(self._problems()):
            raise ValueError("; ".join(found))
        return self

    def _problems(self) -> Iterable[str]:
        able = self.capabilities
        if able.tools and not able.json_schema:
            yield "capabilities.tools needs capabilities.json_schema"
        if self.kind is not Kind.CHAT:
            for name in ("template", "template_file", "template_text", "stop", "max_output_tokens"):
                if getattr(self, name):
                    yield f"{name} is for models of kind chat only"
            if able != CapabilitySettings():
                yield "capabilities are for models of kind chat only"
            return
        if self.context_tokens < 1:
            yield "context_tokens must be at least 1 for a model of kind chat"
        if self.max_output_tokens > self.context_tokens:
            yield f"max_output_tokens is more than context_tokens ({self.context_tokens})"
        given = (bool(self.template), self.template_file is not None, bool(self.template_text))
        if sum(given) != 1:
            yield "a model of kind chat needs one of template, template_file and template_text"
        if self.template and self.template not in shipped_names():
            yield f"template must be one of {', '.join(shipped_names())}"


def _unique(models: tuple[ModelSettings, ...]) -> tuple[ModelSettings, ...]:
    names = [model.name for model in models]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"these names are there more than once: {', '.join(twice)}")
    return models


Models = Annotated[tuple[ModelSettings, ...], Field(min_length=1), AfterValidator(_unique)]

_START, _END = "<|im_start|>", "<|im_end|>"
_SINCE = 1_795_478_400  # 2026-11-24

DEFAULT_MODELS: tuple[ModelSettings, ...] = (
    ModelSettings(
        name="smollm2",
        kind=Kind.CHAT,
        context_tokens=2048,
        max_output_tokens=512,
        template="smollm2",
        stop=(_END, "<|endoftext|>"),
        control_tokens=(_START, _END, "<|endoftext|>"),
        bos_token=_START,
        eos_token=_END,
        longest_token=81,
        capabilities=CapabilitySettings(json_schema=True, tools=True, logprobs=True),
        created=_SINCE,
    ),
    ModelSettings(name="minilm", kind=Kind.EMBEDDING, context_tokens=256, created=_SINCE),
    ModelSettings(name="sentiment", kind=Kind.TENSOR, created=_SINCE),
)
"""What the gateway serves when its settings name no models."""


class CatalogueError(ValueError):
    """The models cannot be served as the settings say; lists every problem."""


class Catalogue:
    """The served models by name, with their templates compiled."""

    def __init__(self, models: Sequence[ServedModel]) -> None:
        self.models = {model.name: model for model in models}
        self._templates = {
            model.name: ChatTemplate(model) for model in models if model.kind is Kind.CHAT
        }
        self._fingerprints = {model.name: _fingerprint(model) for model in models}

    def find(self, name: str, tenant: Tenant, kind: Kind | None = None) -> ServedModel:
        """The model of that name.

        Args:
            name: What was asked for.
            tenant: Who asks.
            kind: What it must be able to do; None for anything.

        Raises:
            NotFoundError: There is none.
            ForbiddenError: There is, but not for this tenant.
            InvalidRequestError: It is of another kind.
        """
        model = self.models.get(name)
        if model is None:
            raise NotFoundError(
                f"The model {name!r} does not exist; see /v1/models.",
                code="model_not_found",
                param="model",
            )
        authorize(tenant, name)
        if kind is not None and model.kind is not kind:
            raise InvalidRequestError(
                f"The model {name!r} is of kind {model.kind}; this route is for {kind}.",
                code="model_kind",
                param="model",
            )
        return model

    def listed(self, tenant: Tenant) -> list[ServedModel]:
        """The models that a tenant may ask for, by name."""
        allowed = (name for name in self.models if not tenant.models or name in tenant.models)
        return [self.models[name] for name in sorted(allowed)]

    def template(self, model: ServedModel) -> ChatTemplate:
        """The compiled template of a model of kind chat."""
        return self._templates[model.name]

    def fingerprint(self, model: ServedModel) -> str:
        """Changes whenever what is served under a name is changed in the settings."""
        return self._fingerprints[model.name]


def make_catalogue(section: Sequence[ModelSettings], folder: Path | None = None) -> Catalogue:
    """Build the catalogue.

    Args:
        section: The models.
        folder: Where relative paths of template files begin; the current folder if not given.

    Raises:
        CatalogueError: A template is missing, cannot be read, or fails on a plain conversation.
    """
    problems: list[str] = []
    models: list[ServedModel] = []
    for settings in section:
        try:
            text = _template_text(settings, folder or Path())
            model = _served(settings, text)
            if model.kind is Kind.CHAT:
                _try(model)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            problems.append(f"{settings.name}.template_file: {settings.template_file}: {reason}")
        except (TemplateError, UnicodeDecodeError, InvalidRequestError) as error:
            key = "template_text" if settings.template_text else "template_file"
            problems.append(f"{settings.name}.{key}: {error}")
        else:
            models.append(model)
    if problems:
        raise CatalogueError("\n".join(problems))
    return Catalogue(models)


def _template_text(settings: ModelSettings, folder: Path) -> str:
    if settings.template_file is not None:
        return (folder / settings.template_file).read_text(encoding="utf-8")
    return shipped(settings.template) if settings.template else settings.template_text


def _served(settings: ModelSettings, template: str) -> ServedModel:
    able = settings.capabilities
    return ServedModel(
        name=settings.name,
        triton=settings.triton or settings.name,
        kind=settings.kind,
        context_tokens=settings.context_tokens,
        max_output_tokens=settings.max_output_tokens or settings.context_tokens,
        chat_template=template,
        stop=settings.stop,
        capabilities=Capabilities(
            json_schema=able.json_schema, tools=able.tools, logprobs=able.logprobs
        ),
        owned_by=settings.owned_by,
        created=settings.created,
        bos_token=settings.bos_token,
        eos_token=settings.eos_token,
        control_tokens=settings.control_tokens,
        longest_token=settings.longest_token,
    )


def _try(model: ServedModel) -> None:
    asked = "0b9c7e"
    prompt = ChatTemplate(model).render([Message("user", asked)])
    if asked not in prompt:
        raise InvalidRequestError("it does not show what the user says")


def _fingerprint(model: ServedModel) -> str:
    text = json.dumps(asdict(model), sort_keys=True, default=str)
    return "fp_" + hashlib.sha256(text.encode()).hexdigest()[:12]
