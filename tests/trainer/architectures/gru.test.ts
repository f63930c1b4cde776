import { beforeAll, describe, expect, test } from "vitest";
import { TorchGenerator } from "../../../shared/random/torch.ts";
import { buildNetwork } from "../../../trainer/architecture.ts";
import { gru } from "../../../trainer/architectures/gru.ts";
import { makeCorpus } from "../../../trainer/corpus.ts";
import { DEFAULT_LIST, readList } from "../../../trainer/list_file.ts";
import { evaluate, scoreWords } from "../../../trainer/evaluation.ts";
import { makeExamples } from "../../../trainer/examples.ts";
import { loadModel } from "../../../trainer/load_model.ts";
import { mapValues, toTensor } from "../../../trainer/parameters.ts";
import { startTensorFlow } from "../../../trainer/tensorflow.ts";
import { train } from "../../../trainer/train.ts";
import { modelFiles, serveModels } from "../../functions/serve_models.ts";
import { temporaryDirectory } from "../../temporary_directory.ts";

beforeAll(startTensorFlow);

/**
 * The first and the last number of each parameter after `torch.manual_seed(42)`, `nn.Embedding(27, 64)`, an
 * `nn.Linear(128, 64)` for z, r and c, and `nn.Linear(64, 27)`, in PyTorch 1.13; the first number of U is the
 * layer's `weight[0, 64]`, and the last numbers are `weight[63, 63]` for W and `weight[63, 127]` for U.
 */
const PYTORCH: Record<string, [first: number, last: number]> = {
  Wz: [0.016854535788297653, -0.01905182935297489],
  Uz: [-0.08028841763734818, -0.07136964797973633],
  bz: [0.035031553357839584, -0.05132253095507622],
  Wr: [-0.0070493025705218315, 0.016429726034402847],
  Ur: [-0.06676993519067764, -0.012424943037331104],
  br: [0.05756617709994316, -0.06206934526562691],
  Wc: [0.020756490528583527, 0.07304803282022476],
  Uc: [0.0009121526381932199, 0.03503374382853508],
  bc: [-0.04425162822008133, -0.08683718740940094],
  Wy: [0.04370999336242676, -0.11549156904220581],
  by: [0.08721022307872772, 0.0460725873708725],
};

describe("The GRU", () => {
  test("begins with the numbers of PyTorch's layers", () => {
    const { start, C, ...layers } = buildNetwork(gru, {}, 27).initialise(new TorchGenerator(42));
    expect(start.values).toEqual(new Float32Array(64));
    expect(C.values[0]).toBeCloseTo(1.9269152879714966, 6);
    expect(C.values.at(-1)).toBeCloseTo(0.673722505569458, 6);
    expect(mapValues(layers, ({ values }) => [values[0], values.at(-1)!])).toEqual(PYTORCH);
  });

  test("is trained by the fused step, read back, and served with the same NLL", async () => {
    const list = await readList(DEFAULT_LIST);
    const corpus = makeCorpus({ ...list, lines: list.lines.slice(0, 2000) });
    const directory = await temporaryDirectory();
    await train(corpus, {
      name: "gru",
      architecture: "gru",
      hyperparameters: { embedding: 16, hidden: 32 },
      data: "",
      steps: 200,
      batch: 32,
      lr: 0.01,
      schedule: "constant",
      optimizer: "adam",
      backend: "auto",
      seed: 42,
      out: directory,
      checkpoints: directory,
    });
    const { card, network, parameters } = await loadModel(directory, "gru");
    expect(card).toMatchObject({
      architecture: "gru",
      hyperparameters: { embedding: 16, hidden: 32 },
      context_length: null,
      states: [{ name: "hidden", type: "float32", shape: ["batch", 32] }],
      training: { steps: 200, backend: "fused" },
    });
    const weights = mapValues(parameters, toTensor);
    expect(card.nll.dev).toBeLessThan(2.5);
    expect(evaluate(network, weights, makeExamples(corpus, null).dev)).toBeCloseTo(card.nll.dev!, 6);

    const app = await serveModels(await modelFiles(directory));
    const names = corpus.words.dev.slice(0, 20);
    const nlls = scoreWords(network, weights, names);
    for (const [i, tokens] of names.entries()) {
      const name = corpus.vocabulary.decode(tokens);
      const { body } = await app.ask<{ nll: number }>(`/score?model=gru&name=${name}`);
      expect(body.nll).toBeCloseTo(nlls[i], 5);
    }
    const { body } = await app.ask<{ names: { name: string }[] }>("/generate?model=gru&n=20&seed=1");
    expect(body.names).toHaveLength(20);
  });
});
