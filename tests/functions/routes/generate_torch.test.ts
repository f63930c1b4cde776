import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { modelFileNames } from "../../../shared/model_files.ts";
import { type ServedApp, serveModels } from "../serve_models.ts";

/** Samples from a committed model's own weights as the notebooks do, in PyTorch. */
const SCRIPT = `
import sys, onnx, torch
from onnx import numpy_helper
path, seed, n = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
weights = {w.name: torch.tensor(numpy_helper.to_array(w)) for w in onnx.load(path).graph.initializer}
g = torch.Generator().manual_seed(seed)
length = weights["W1"].shape[0] // weights["C"].shape[1] if "W1" in weights else 1
gate = lambda name, x, h: x @ weights["W" + name] + h @ weights["U" + name] + weights["b" + name]
for _ in range(n):
    out, context, hidden = [], [0] * length, weights.get("start")
    while True:
        if "log_probs_table" in weights:
            probs = weights["log_probs_table"][context[-1]].exp()
        elif "Uz" in weights: # makemore's GRUCell
            x = weights["C"][context[-1]]
            z, r = torch.sigmoid(gate("z", x, hidden)), torch.sigmoid(gate("r", x, hidden))
            hidden = (1 - z) * hidden + z * torch.tanh(gate("c", x, r * hidden))
            probs = torch.softmax(hidden @ weights["Wy"] + weights["by"], dim=0)
        else:
            x = weights["C"][torch.tensor([context])].view(1, -1)
            h = torch.tanh(x @ weights["W1"] + weights["b1"])
            probs = torch.softmax(h @ weights["W2"] + weights["b2"], dim=1)[0]
        ix = torch.multinomial(probs, num_samples=1, generator=g).item()
        context = context[1:] + [ix]
        if ix == 0:
            break
        out.append(chr(96 + ix))
    print("".join(out))
`;

const PYTHONS = ["/usr/bin/python3", "python3"];
const python = PYTHONS.find((path) => spawnSync(path, ["-c", "import onnx, torch"]).status === 0);
if (!python) {
  console.warn("SKIPPED: PyTorch's names beside ours. Install python3-torch and python3-onnx to run it.");
}

/** Models, and seeds to draw from them with. */
const CASES: [model: string, seed: number][] = [
  ["bigram", 2147483647],
  ["bigram", 1],
  ["mlp", 42],
  ["mlp", 2147483647],
  ["gru", 42],
];

describe("GET /generate?compat=torch beside PyTorch", () => {
  let app: ServedApp;
  beforeAll(async () => {
    app = await serveModels();
  });

  test.skipIf(!python).each(CASES)(
    "%s with seed %i makes the same 200 names",
    async (model, seed) => {
      const { onnx } = modelFileNames(model, (await app.registry.get(model)).card);
      const args = ["-c", SCRIPT, join("models", onnx.versioned), String(seed), "200"];
      const { stdout, stderr } = spawnSync(python!, args, { encoding: "utf8" });
      const theirs = stdout.split("\n").slice(0, -1);
      expect(theirs.length, stderr).toBe(200);
      const { body } = await app.ask<{ names: { name: string }[] }>(
        `/generate?model=${model}&compat=torch&seed=${seed}&n=200`,
      );
      expect(body.names.map(({ name }) => name)).toEqual(theirs);
    },
  );
});
