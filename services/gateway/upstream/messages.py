"""Messages of the Open Inference Protocol over gRPC, with the stream that Triton adds to it.

KServe has the protocol without ``ModelStreamInfer``, tritonclient has it all, and both register
the same names in the process's pool of protobuf types, where only one can be. The types here are
KServe's, completed, in a pool of their own.
"""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from gateway.kserving import grpc_predict_v2_pb2

PACKAGE = "inference"
SERVICE = f"{PACKAGE}.GRPCInferenceService"
FILE = "grpc_service.proto"


def _complete() -> Any:
    """KServe's description of the protocol, with what Triton's has besides."""
    given: Any = grpc_predict_v2_pb2.DESCRIPTOR
    file: Any = descriptor_pb2.FileDescriptorProto()
    given.CopyToProto(file)
    file.name = FILE
    field: Any = descriptor_pb2.FieldDescriptorProto
    parameter = next(each for each in file.message_type if each.name == "InferParameter")
    for number, (name, kind) in enumerate(
        (("double_param", field.TYPE_DOUBLE), ("uint64_param", field.TYPE_UINT64)), start=4
    ):
        parameter.field.add(
            name=name, number=number, type=kind, label=field.LABEL_OPTIONAL, oneof_index=0
        )
    response = file.message_type.add(name="ModelStreamInferResponse")
    response.field.add(
        name="error_message", number=1, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL
    )
    response.field.add(
        name="infer_response",
        number=2,
        type=field.TYPE_MESSAGE,
        type_name=f".{PACKAGE}.ModelInferResponse",
        label=field.LABEL_OPTIONAL,
    )
    service = file.service[0]
    served = [each for each in service.method if not each.name.startswith("Repository")]
    del service.method[:]
    service.method.extend(served)
    service.method.add(
        name="ModelStreamInfer",
        input_type=f".{PACKAGE}.ModelInferRequest",
        output_type=f".{PACKAGE}.ModelStreamInferResponse",
        client_streaming=True,
        server_streaming=True,
    )
    return file


def _make_pool() -> Any:
    pool: Any = descriptor_pool.DescriptorPool()
    pool.Add(_complete())
    return pool


POOL: Any = _make_pool()
"""Where the types are."""

FILE_DESCRIPTOR: Any = POOL.FindFileByName(FILE)
"""What server reflection tells about the protocol."""


def message(name: str) -> Any:
    """The class of a message of the protocol."""
    return message_factory.GetMessageClass(POOL.FindMessageTypeByName(f"{PACKAGE}.{name}"))


ServerLiveRequest = message("ServerLiveRequest")
ServerLiveResponse = message("ServerLiveResponse")
ServerReadyRequest = message("ServerReadyRequest")
ServerReadyResponse = message("ServerReadyResponse")
ModelReadyRequest = message("ModelReadyRequest")
ModelReadyResponse = message("ModelReadyResponse")
ServerMetadataRequest = message("ServerMetadataRequest")
ServerMetadataResponse = message("ServerMetadataResponse")
ModelMetadataRequest = message("ModelMetadataRequest")
ModelMetadataResponse = message("ModelMetadataResponse")
ModelInferRequest = message("ModelInferRequest")
ModelInferResponse = message("ModelInferResponse")
ModelStreamInferResponse = message("ModelStreamInferResponse")
