"""makemore behind FastAPI and uvicorn: with batch=1 the notebook's loop, and else that of makemore.py's `generate`.

Arguments: NAME=FILE.json for each model, its parameters as {"NAME": {"shape": [...], "values": [...]}}.
"""

import json
import sys

import torch
import torch.nn.functional as F
from fastapi_server import serve

MAX_LENGTH = 64
CHARACTERS = ".abcdefghijklmnopqrstuvwxyz"
CONTEXT = 3

torch.set_num_threads(1)  # at these sizes, more threads are slower


class MLP:
    """The model of the notebook's second part."""

    def __init__(self, C, W1, b1, W2, b2):
        self.C, self.W1, self.b1, self.W2, self.b2 = C, W1, b1, W2, b2

    def start(self, batch):
        return torch.zeros(batch, CONTEXT, dtype=torch.long)

    def step(self, window, token):
        window = window if token is None else torch.cat([window[:, 1:], token], 1)  # (b, CONTEXT)
        emb = self.C[window]  # (b, CONTEXT, m)
        h = torch.tanh(emb.view(len(window), -1) @ self.W1 + self.b1)  # (b, h)
        return h @ self.W2 + self.b2, window  # (b, V)


class GRU:
    """makemore.py's GRUCell, a step at a time: what makemore.py computes again for each new token is kept."""

    def __init__(self, **parameters):
        self.p = parameters

    def start(self, batch):
        return self.p["start"].expand(batch, -1)  # (b, h)

    def step(self, hprev, token):
        p = self.p
        xt = p["C"][torch.zeros(len(hprev), dtype=torch.long) if token is None else token.view(-1)]  # (b, m)
        z = torch.sigmoid(xt @ p["Wz"] + hprev @ p["Uz"] + p["bz"])  # (b, h)
        r = torch.sigmoid(xt @ p["Wr"] + hprev @ p["Ur"] + p["br"])  # (b, h)
        hbar = torch.tanh(xt @ p["Wc"] + (r * hprev) @ p["Uc"] + p["bc"])  # (b, h)
        ht = (1 - z) * hprev + z * hbar  # (b, h)
        return ht @ p["Wy"] + p["by"], ht  # (b, V)


def read(file):
    with open(file) as text:
        entries = json.load(text)
    parameters = {
        name: torch.tensor(entry["values"]).view(entry["shape"]) for name, entry in entries.items()
    }
    return GRU(**parameters) if "Uz" in parameters else MLP(**parameters)


models = {name: read(file) for name, file in (argument.split("=") for argument in sys.argv[1:])}


@torch.no_grad()
def sample(model, batch):
    state = model.start(batch)
    ix = None
    tokens, logprobs = [], []
    ended = torch.zeros(batch, dtype=torch.bool)
    while len(tokens) < MAX_LENGTH and not ended.all():
        logits, state = model.step(state, ix)
        probs = F.softmax(logits, dim=1)  # (b, V)
        ix = torch.multinomial(probs, num_samples=1)  # (b, 1)
        tokens.append(ix.view(-1).masked_fill(ended, 0))
        logprobs.append(probs.gather(1, ix).log().view(-1).masked_fill(ended, 0))
        ended = ended | (ix.view(-1) == 0)
    texts = ["".join(CHARACTERS[token] for token in row if token) for row in torch.stack(tokens, 1).tolist()]
    totals = torch.stack(logprobs, 1).sum(1).tolist()
    nlls = [-total / (len(text) + 1) for text, total in zip(texts, totals)]
    perplexities = torch.tensor(nlls).exp().tolist()
    return [
        {"name": text, "nll": nll, "perplexity": perplexity}
        for text, nll, perplexity in zip(texts, nlls, perplexities)
    ]


serve(models, sample)
