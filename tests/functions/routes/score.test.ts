import { beforeAll, describe, expect, test } from "vitest";
import { parseModelCard } from "../../../shared/model_card.ts";
import { bigram } from "../../../trainer/architectures/bigram.ts";
import { buildNetwork } from "../../../trainer/architecture.ts";
import { WindowExamples } from "../../../trainer/examples.ts";
import { exportOnnx } from "../../../trainer/onnx/export.ts";
import { sha256 } from "../../../shared/sha256.ts";
import { Vocabulary } from "../../../shared/vocabulary.ts";
import { modelFiles, type ServedApp, serveModels } from "../serve_models.ts";

interface Score {
  model: string;
  name: string;
  possible: boolean;
  log_likelihood: number | null;
  nll: number | null;
  perplexity: number | null;
  percentile: number;
  characters: { context: string; character: string; probability: number; nll: number | null }[];
}

let app: ServedApp;
beforeAll(async () => {
  app = await serveModels();
});

async function score(name: string, model = "mlp"): Promise<Score> {
  const { status, body } = await app.ask<Score>(`/score?name=${encodeURIComponent(name)}&model=${model}`);
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
}

describe("GET /score", () => {
  test("answers as the contract says, with figures that agree to the last digit", async () => {
    for (const model of ["bigram", "mlp"]) {
      const scored = await score("andrej", model);
      expect(Object.keys(scored).sort()).toEqual(
        ["characters", "log_likelihood", "model", "name", "nll", "percentile", "perplexity", "possible"],
      );
      expect(scored.model).toBe(model);
      expect(scored.name).toBe("andrej");
      expect(scored.characters.map(({ character }) => character).join("")).toBe("andrej.");
      const sum = scored.characters.reduce((sum, { nll }) => sum - nll!, 0);
      expect(scored.log_likelihood).toBe(sum);
      expect(scored.nll).toBe(-sum / 7);
      expect(scored.perplexity).toBe(Math.exp(-sum / 7));
      for (const { probability, nll } of scored.characters) expect(Math.exp(-nll!)).toBe(probability);
    }
  });

  test("shows what the model saw before each character", async () => {
    const contexts = async (model: string) =>
      (await score("ada", model)).characters.map(({ context }) => context);
    expect(await contexts("bigram")).toEqual([".", "a", "d", "a"]);
    expect(await contexts("mlp")).toEqual(["...", "..a", ".ad", "ada"]);
  });

  test("ranks names among the real ones", async () => {
    const { percentile: likely } = await score("anna");
    const { percentile: unlikely } = await score("qxzjk");
    expect(likely).toBeGreaterThan(90);
    expect(unlikely).toBe(0);
    const card = parseModelCard((await modelFiles()).find(({ name }) => name === "mlp")!.card);
    const scored = await score("eleanor");
    const below = card.nll_quantiles.filter((quantile) => quantile! <= scored.nll!).length;
    expect(scored.percentile).toBeGreaterThanOrEqual(100 - below);
    expect(scored.percentile).toBeLessThanOrEqual(101 - below);
  });

  test("reads capitals as small letters, for its vocabulary has none", async () => {
    expect(await score("AnDrej")).toEqual(await score("andrej"));
  });

  test("takes names of 1 and of 256 characters", async () => {
    expect((await score("a")).characters.length).toBe(2);
    expect((await score("a".repeat(256))).characters.length).toBe(257);
  });

  test("says of a name that cannot be that it cannot", async () => {
    const vocabulary = new Vocabulary("ab");
    const network = buildNetwork(bigram, { smoothing: 0 }, 3);
    const parameters = network.count(new WindowExamples([[1, 2]], 1));
    const onnx = exportOnnx(network, parameters, {
      name: "counts",
      architecture: "bigram",
      vocabulary,
      devNll: 0,
    });
    const committed = (await modelFiles()).find(({ name }) => name === "bigram")!;
    const card = {
      ...parseModelCard(committed.card),
      name: "counts",
      vocabulary: "ab",
      sha256: await sha256(onnx),
      nll_quantiles: [...new Array(100).fill(0), null],
    };
    const counts = await serveModels([{ name: "counts", card: JSON.stringify(card), onnx }]);
    const { body } = await counts.ask<Score>("/score?name=aa");
    expect(body).toMatchObject({
      possible: false,
      log_likelihood: null,
      nll: null,
      perplexity: null,
      percentile: 0,
    });
    expect(body.characters[1]).toEqual({ context: "a", character: "a", probability: 0, nll: null });
    expect((await counts.ask<Score>("/score?name=ab")).body).toMatchObject({
      possible: true,
      nll: 0,
      perplexity: 1,
    });
  });
});
