"""Answers every prompt with the same words at once: one response a word, or one in all."""

from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils

WORDS = [f" word{number}" for number in range(8)]
FLAGS = {
    "return_finish_reason": "finish_reason",
    "return_num_input_tokens": "num_input_tokens",
    "return_num_output_tokens": "num_output_tokens",
}


class TritonPythonModel:
    def execute(self, requests: list[Any]) -> None:
        for request in requests:
            sender = request.get_response_sender()
            wanted = {output for flag, output in FLAGS.items() if truth(request, flag)}
            if truth(request, "stream"):
                for at, word in enumerate(WORDS):
                    last = at == len(WORDS) - 1
                    sender.send(response(word, 1, "length" if last else "None", wanted))
            else:
                sender.send(response("".join(WORDS), len(WORDS), "length", wanted))
            sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)


def truth(request: Any, name: str) -> bool:
    tensor = pb_utils.get_input_tensor_by_name(request, name)
    return tensor is not None and bool(tensor.as_numpy()[0])


def response(text: str, tokens: int, reason: str, wanted: set[str]) -> Any:
    values = {
        "finish_reason": np.array([reason], object),
        "num_input_tokens": np.array([7], np.uint32),
        "num_output_tokens": np.array([tokens], np.uint32),
    }
    outputs = [pb_utils.Tensor("text_output", np.array([text], object))]
    outputs += [pb_utils.Tensor(name, values[name]) for name in sorted(wanted)]
    return pb_utils.InferenceResponse(outputs)
