"""What one would write in Python: FastAPI, uvicorn and ONNX Runtime, called once a token, with the names of a batch together.

Arguments: NAME=FILE.onnx for each model.
"""

import sys

import numpy as np
import onnxruntime
from fastapi_server import serve

MAX_LENGTH = 64
CHARACTERS = ".abcdefghijklmnopqrstuvwxyz"

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1  # at these sizes, more threads are slower
sessions = {
    name: onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    for name, file in (argument.split("=") for argument in sys.argv[1:])
}
generator = np.random.default_rng()


def sample(session, batch):
    tokens_input, *states = session.get_inputs()
    width = tokens_input.shape[1] if tokens_input.name == "context" else 1
    inputs = {tokens_input.name: np.zeros((batch, width), np.int64)}
    inputs |= {state.name: np.zeros((batch, *state.shape[1:]), np.float32) for state in states}
    tokens = []
    logprobs = []
    ended = np.zeros(batch, bool)
    while len(tokens) < MAX_LENGTH and not ended.all():
        rows, *present = session.run(None, inputs)
        rows = rows.reshape(batch, -1)  # (batch, V)
        token = (np.exp(rows).cumsum(1) > generator.random((batch, 1))).argmax(1)  # (batch)
        tokens.append(np.where(ended, 0, token))
        logprobs.append(np.where(ended, 0, rows[np.arange(batch), token]))
        ended |= token == 0
        window = np.concatenate([inputs[tokens_input.name], token[:, None]], 1)[:, -width:]
        inputs = {tokens_input.name: window, **dict(zip((state.name for state in states), present))}
    texts = ["".join(CHARACTERS[token] for token in row if token) for row in np.stack(tokens, 1)]
    totals = np.stack(logprobs, 1).sum(1)
    nlls = [float(-total / (len(text) + 1)) for text, total in zip(texts, totals)]
    return [
        {"name": text, "nll": nll, "perplexity": float(np.exp(nll))} for text, nll in zip(texts, nlls)
    ]


serve(sessions, sample)
