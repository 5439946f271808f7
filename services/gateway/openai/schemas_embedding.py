"""The request and the answer of ``/v1/embeddings``."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from gateway.openai.schemas_common import Body, Name, Reply, Text, ignored, no_tokens, refused, used

Embedded = Annotated[Text, Field(min_length=1)]
Texts = Annotated[
    Embedded | Annotated[list[Embedded], Field(min_length=1, max_length=2048)],
    BeforeValidator(no_tokens),
]


class EmbeddingRequest(Body):
    """Texts to embed."""

    model: Name = used(...)
    input: Texts = used(..., description="One text or several; lists of tokens are not supported.")
    encoding_format: Literal["float", "base64"] | None = used(
        description="base64: 32-bit floats, little endian."
    )
    user: Name | None = ignored()
    dimensions: None = refused(description="A vector is as long as the model makes it.")


class Embedding(Reply):
    """The vector of one text."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class EmbeddingUsage(Reply):
    """Numbers of tokens."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingList(Reply):
    """The vectors, in the order of the texts."""

    object: Literal["list"] = "list"
    data: list[Embedding]
    model: str
    usage: EmbeddingUsage
