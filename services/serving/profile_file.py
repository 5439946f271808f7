"""The reviewed file of a model's measured values: ``model_repo/profiles/MODEL.yaml``. Pure."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from serving.profile_config import Tuned
from serving.profile_results import Choice, Measured
from serving.profile_search import Search

FOLDER = "profiles"
HEADER = """\
# Measured values of {model}/config.pbtxt, each with its reason; figures are those
# under load, of one run on one machine. Proposed by `make profile`, accepted by a person, put into
# config.pbtxt by `python -m serving.profile apply`; a test keeps the two in step. docs/serving.md
"""
Words = Annotated[str, Field(min_length=1)]


class ProfileError(Exception):
    """A profile that cannot be read or used; names the file and everything that is wrong."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Machine(_Strict):
    """Where it was measured.

    Attributes:
        cpu: Name of the processor.
        cores: How many this process could use.
        memory_gib: Memory of the machine.
        load_average: Of the last minute before the run; far above 0 means rough figures.
    """

    cpu: Words
    cores: int = Field(ge=1)
    memory_gib: int = Field(ge=1)
    load_average: float = Field(ge=0)


class Outcome(_Strict):
    """How a configuration did: answers a second and milliseconds."""

    throughput: float = Field(gt=0)
    p99_ms: float = Field(gt=0)
    p99_ms_alone: float = Field(gt=0)

    @classmethod
    def of(cls, measured: Measured) -> Self:
        """The outcome of a configuration."""
        return cls(
            throughput=measured.loaded.throughput,
            p99_ms=measured.loaded.p99_ms,
            p99_ms_alone=measured.alone.p99_ms,
        )


class Count(_Strict):
    """A number and why."""

    value: int = Field(ge=0)
    reason: Words


class Delay(_Strict):
    """Microseconds and why; none: no dynamic batching."""

    value: int | None = Field(ge=0)
    reason: Words


class Sizes(_Strict):
    """Batch sizes and why."""

    value: tuple[Annotated[int, Field(ge=1)], ...]
    reason: Words


class Values(_Strict):
    """The values; their names are those of `serving.profile_config.Tuned`."""

    instance_count: Count
    max_batch_size: Count
    preferred_batch_size: Sizes
    max_queue_delay_microseconds: Delay

    def tuned(self) -> Tuned:
        """The values without their reasons."""
        return Tuned(
            self.instance_count.value,
            self.max_batch_size.value,
            self.preferred_batch_size.value,
            self.max_queue_delay_microseconds.value,
        )


class Profile(_Strict):
    """A profile.

    Attributes:
        model: Folder of the model in the repository.
        measured: When.
        machine: Where.
        versions: Of Triton, Model Analyzer and perf_analyzer.
        requests: What was asked.
        clients: Requests at a time: alone, and under load.
        before: How the values did that were there before.
        after: How the chosen values did in the same run.
        values: The chosen values.
    """

    model: Words
    measured: date
    machine: Machine
    versions: dict[str, str]
    requests: Words
    clients: tuple[int, int]
    before: Outcome
    after: Outcome
    values: Values

    def text(self) -> str:
        """The file."""
        body = self.model_dump(mode="json")
        body["measured"] = self.measured
        return HEADER.format(model=self.model) + yaml.safe_dump(
            body, sort_keys=False, allow_unicode=True, width=96
        )


def make(
    choice: Choice,
    *,
    search: Search,
    machine: Machine,
    versions: dict[str, str],
    day: date,
) -> Profile:
    """The profile that follows from a choice."""
    values = choice.chosen.values.as_dict()
    return Profile(
        model=search.model,
        measured=day,
        machine=machine,
        versions=versions,
        requests=search.said,
        clients=search.clients,
        before=Outcome.of(choice.today),
        after=Outcome.of(choice.chosen),
        values=Values.model_validate(
            {name: {"value": values[name], "reason": choice.reasons[name]} for name in values}
        ),
    )


def read(path: Path) -> Profile:
    """Read the profile of the model after which the file is named.

    Raises:
        ProfileError: It is not there, or wrong.
    """
    profile = read_proposal(path)
    if profile.model != path.stem:
        raise ProfileError(f"{path}: model: is {profile.model}; allowed: {path.stem}, as the file")
    return profile


def read_proposal(path: Path) -> Profile:
    """Read a profile from a file of any name.

    Raises:
        ProfileError: It is not there, or wrong.
    """
    try:
        data: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Profile.model_validate(data)
    except OSError as error:
        raise ProfileError(f"{path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ProfileError(f"{path}: {error}") from None
    except ValidationError as error:
        lines = [
            f"{path}: {'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()
        ]
        raise ProfileError("\n".join(lines)) from None
