"""ONNX Runtime in this process, with the threads that it is given."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class OnnxSession:
    """One ONNX model in memory."""

    def __init__(self, model: Path | bytes, threads: int = 1) -> None:
        """Load a model from a file or from its bytes."""
        runtime: Any = importlib.import_module("onnxruntime")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Threads that wait for work must not take it from others.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = runtime.InferenceSession(
            str(model) if isinstance(model, Path) else model,
            sess_options=options,
            providers=["CPUExecutionProvider"],
        )
        self._output = self._session.get_outputs()[0].name

    def run(self, inputs: Mapping[str, Any]) -> Any:
        """The first output."""
        return self._session.run([self._output], dict(inputs))[0]
