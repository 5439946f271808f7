"""A KServe transformer that transforms nothing: ``python transformer.py PORT GRPC_PORT TRITON``."""

import sys

arguments = sys.argv[1:]
# KServe reads the command line when it is imported.
sys.argv = sys.argv[:1]

from kserve import Model, ModelServer  # noqa: E402
from kserve.predictor_config import PredictorConfig  # noqa: E402


class Transformer(Model):
    """Passes requests on to the predictor, as KServe does by itself."""

    def __init__(self) -> None:
        super().__init__("tensor")
        self.ready = True


if __name__ == "__main__":
    port, grpc_port, triton, protocol = arguments
    ModelServer(
        http_port=int(port),
        grpc_port=int(grpc_port),
        enable_latency_logging=False,
        predictor_config=PredictorConfig(triton, predictor_protocol=protocol),
    ).start([Transformer()])
