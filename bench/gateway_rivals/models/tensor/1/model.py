"""Gives back what it gets."""

from typing import Any

import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests: list[Any]) -> list[Any]:
        return [
            pb_utils.InferenceResponse(
                [
                    pb_utils.Tensor(
                        "result", pb_utils.get_input_tensor_by_name(each, "value").as_numpy()
                    )
                ]
            )
            for each in requests
        ]
