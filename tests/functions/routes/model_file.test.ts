import { beforeAll, describe, expect, test } from "vitest";
import { parseModelCard } from "../../../shared/model_card.ts";
import { modelFiles, type ServedApp, serveModels } from "../serve_models.ts";

let app: ServedApp;
beforeAll(async () => {
  app = await serveModels();
});

describe("GET /models/:name/model.onnx", () => {
  test("gives the bytes of the file, under its SHA-256", async () => {
    for (const { name, card, onnx } of await modelFiles()) {
      const response = await app.request(`/models/${name}/model.onnx`);
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toBe("application/octet-stream");
      expect(response.headers.get("cache-control")).toBe("public, no-cache");
      expect(response.headers.get("etag")).toBe(`"${parseModelCard(card).sha256}"`);
      expect(response.headers.get("content-length")).toBe(String(onnx!.length));
      expect(new Uint8Array(await response.arrayBuffer())).toEqual(onnx);
    }
  });

  test("sends nothing to who has it, and all to who has another", async () => {
    const etag = (await app.request("/models/mlp/model.onnx")).headers.get("etag")!;
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const response = await app.request("/models/mlp/model.onnx", { headers: { "if-none-match": known } });
      expect([response.status, await response.text()]).toEqual([304, ""]);
      expect(response.headers.get("etag")).toBe(etag);
      expect(response.headers.get("cache-control")).toBe("public, no-cache");
    }
    const headers = { "if-none-match": '"other"' };
    expect((await app.request("/models/mlp/model.onnx", { headers })).status).toBe(200);
  });

  test("is immutable where the path pins the model to its file", async () => {
    for (const { name, card } of await modelFiles()) {
      const { sha256, dataset } = parseModelCard(card);
      for (const [file, hash] of [["model.onnx", sha256], ["training_names.txt", dataset.sha256]]) {
        const path = `/models/${name}@${sha256.slice(0, 8)}/${file}`;
        const response = await app.request(path);
        expect([response.status, response.headers.get("etag")]).toEqual([200, `"${hash}"`]);
        expect(response.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
        const again = await app.request(path, { headers: { "if-none-match": `"${hash}"` } });
        expect([again.status, await again.text()]).toEqual([304, ""]);
        const { status, headers } = await app.ask(`/models/${name}@00000000/${file}`);
        expect([status, headers.get("cache-control")]).toEqual([404, "no-store"]);
      }
    }
  });

  test("tells HEAD how long it is", async () => {
    const response = await app.request("/models/bigram/model.onnx", { method: "HEAD" });
    const [bigram] = await modelFiles();
    expect([response.status, await response.text()]).toEqual([200, ""]);
    expect(response.headers.get("content-length")).toBe(String(bigram.onnx!.length));
  });

  test("has none of a model that is not there, or broken", async () => {
    const { status, body } = await app.ask<{ detail: string }>("/models/gpt/model.onnx");
    expect([status, body.detail]).toEqual([
      404,
      expect.stringContaining("name must be a model of this server"),
    ]);
    const [bigram, , mlp] = await modelFiles();
    const broken = await serveModels([bigram, { ...mlp, onnx: bigram.onnx }]);
    expect((await broken.ask("/models/mlp/model.onnx")).status).toBe(503);
  });
});
