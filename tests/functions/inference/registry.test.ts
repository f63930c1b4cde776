import { beforeAll, describe, expect, test } from "vitest";
import { type ModelFiles, Registry } from "../../../functions/inference/registry.ts";
import { sha256 } from "../../../trainer/sha256.ts";
import { startOnnxRuntime } from "../../onnx_runtime.ts";
import { modelFiles, type ServedApp, serveModels } from "../serve_models.ts";

/** A card with other fields, the file's own hash among them if it is to be right. */
function withCard({ card, ...files }: ModelFiles, name: string, changes: object): ModelFiles {
  return { ...files, name, card: JSON.stringify({ ...JSON.parse(card), name, ...changes }) };
}

describe("broken models", () => {
  let app: ServedApp;

  beforeAll(async () => {
    const [bigram, mlp] = await modelFiles();
    const truncated = mlp.onnx!.slice(0, 20_000);
    app = await serveModels([
      bigram,
      { ...mlp, name: "no-json", card: "{" },
      { ...mlp, name: "no-card", card: "[]" },
      { ...mlp, name: "other-name" },
      withCard({ ...mlp, onnx: null }, "no-onnx", {}),
      withCard(mlp, "wrong-hash", { sha256: "0".repeat(64) }),
      withCard({ ...mlp, onnx: truncated }, "truncated", {}),
      withCard({ ...mlp, onnx: truncated }, "truncated-with-its-hash", { sha256: await sha256(truncated) }),
      { ...withCard(mlp, "wrong-known", {}), known: mlp.known!.slice(1) },
      withCard(mlp, "wrong-vocabulary", { vocabulary: "abc" }),
      withCard(mlp, "wrong-context", { context_length: 4 }),
    ]);
  });

  test.each([
    ["no-json", "not JSON"],
    ["no-card", "Cannot read a model card: card: "],
    ["other-name", 'other-name.json is the card of "mlp"'],
    ["no-onnx", "no-onnx.onnx is missing"],
    ["wrong-hash", "wrong-hash.onnx is not the file that its card describes: its SHA-256 is "],
    ["wrong-known", "wrong-known.known is not the file that its card describes"],
    ["truncated", "truncated.onnx is not the file that its card describes"],
    ["truncated-with-its-hash", "truncated-with-its-hash.onnx cannot be run: "],
    [
      "wrong-vocabulary",
      "its output has 27 log-probabilities that add up to 1.000; 4 that add up to 1 were expected",
    ],
    ["wrong-context", "wrong-context.onnx cannot be run: "],
  ])("%s is told of by /health and answers 503", async (name, reason) => {
    const { status, body } = await app.ask<{ status: string; models: { name: string; reason: string }[] }>(
      "/health",
    );
    expect(status).toBe(200);
    expect(body.status).toBe("degraded");
    const told = body.models.find((model) => model.name === name);
    expect(told).toMatchObject({ status: "broken" });
    expect(told!.reason).toContain(reason);
    for (const path of [`/generate?model=${name}`, `/score?name=a&model=${name}`, `/models/${name}`]) {
      const { status, type, body } = await app.ask(path);
      expect([status, type]).toEqual([503, "application/problem+json"]);
      expect(body.detail).toContain(reason);
    }
  });

  test("leave the others serving", async () => {
    expect((await app.ask("/generate?model=bigram")).status).toBe(200);
    expect((await app.ask<unknown[]>("/models")).body).toHaveLength(1);
  });
});

describe("the default model", () => {
  test("is the tuned one, else the first in the alphabet", async () => {
    const [bigram, mlp, tuned] = await modelFiles();
    expect((await (await serveModels([mlp, tuned, bigram])).ask("/generate")).body.model).toBe("tuned");
    expect((await (await serveModels([mlp, bigram])).ask("/generate")).body.model).toBe("bigram");
  });

  test("may be another, if there is such a one", async () => {
    await startOnnxRuntime();
    const files = await modelFiles();
    expect((await Registry.open(files, "bigram")).defaultModel).toBe("bigram");
    await expect(Registry.open(files, "gpt")).rejects.toThrow(
      'Cannot make "gpt" the default model: there are bigram, mlp, tuned',
    );
  });

  test("is not silently another when it is broken", async () => {
    const [bigram, , tuned] = await modelFiles();
    const app = await serveModels([bigram, { ...tuned, onnx: null }]);
    expect((await app.ask("/generate")).status).toBe(503);
  });

  test("without any model the server is down and says so", async () => {
    const app = await serveModels([]);
    const { status, body } = await app.ask("/health");
    expect([status, body.status]).toEqual([503, "down"]);
    expect((await app.ask("/generate")).status).toBe(404);
  });
});
