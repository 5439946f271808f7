"""KServe, imported so that it does not read this process's command line.

``kserve.model_server`` parses ``sys.argv`` when it is imported, and takes the start of one of its
own options for the whole: ``--config FILE`` would become ``--configure_logging FILE``.
"""

import sys
from typing import Any

_given, sys.argv = sys.argv, sys.argv[:1]
try:
    import kserve.model_server as _model_server
    from kserve.model import BaseKServeModel
    from kserve.model_repository import ModelRepository
    from kserve.model_server import ModelServer
    from kserve.protocol.grpc import grpc_predict_v2_pb2
    from kserve.protocol.grpc.server import GRPCServer
    from kserve.protocol.rest.server import RESTServer, metrics_handler
finally:
    sys.argv = _given

app: Any = _model_server.app
"""KServe's FastAPI application; there is one a process."""

__all__ = [
    "BaseKServeModel",
    "GRPCServer",
    "ModelRepository",
    "ModelServer",
    "RESTServer",
    "app",
    "grpc_predict_v2_pb2",
    "metrics_handler",
]
