import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { modelFiles } from "../functions/serve_models.ts";
import type { Server } from "../processes.ts";
import { temporaryDirectory } from "../temporary_directory.ts";
import { writeModels } from "./bad_models.ts";
import { startDenoServer, startWorkerdWith, waitForModels } from "../servers.ts";

/*
 * A cache that obeys our headers must never serve the answer of a replaced model.
 */

const IMMUTABLE = "public, max-age=31536000, immutable";
const REVALIDATED = "public, no-cache";

const startOn = {
  deno: (directory: string) => startDenoServer({ EDGEMORE_MODELS: directory }),
  workerd: async (directory: string) => (await startWorkerdWith(directory)).server,
};

test.each(["deno", "workerd"] as const)(
  "%s makes answers of pinned models immutable, and lets caches revalidate the others",
  async (runtime) => {
    const directory = join(await temporaryDirectory(), "models");
    const [, gru, mlp] = await modelFiles();
    const [before, after] = [gru, mlp].map(({ card }) => JSON.parse(card).sha256 as string);
    const serve = async (model: typeof mlp) => {
      const card = JSON.stringify({ ...JSON.parse(model.card), name: "gru" });
      await writeModels(directory, [{ ...model, name: "gru", card }]);
      const server = await startOn[runtime](directory);
      onTestFinished(() => server.end());
      await waitForModels(server.address);
      return server;
    };
    const ask = async ({ address }: Server, path: string, cached?: string | null) => {
      const response = await fetch(address + path, { headers: cached ? { "if-none-match": cached } : {} });
      const { status, headers } = response;
      return {
        status,
        cacheControl: headers.get("cache-control"),
        etag: headers.get("etag"),
        body: await response.text(),
      };
    };
    const pin = before.slice(0, 8);
    const paths = [
      ["/score?name=anna", `/score?name=anna&model=gru@${pin}`],
      ["/generate?seed=1&model=gru", `/generate?seed=1&model=gru@${pin}`],
      ["/next?prefix=an", `/next?prefix=an&model=gru@${before}`],
      ["/models/gru", `/models/gru@${pin}`],
      ["/models/gru/model.onnx", `/models/gru@${pin}/model.onnx`],
      ["/models/gru/training_names.txt", `/models/gru@${pin}/training_names.txt`],
    ];

    const first = await serve(gru);
    const cache = new Map<string, { etag: string | null; body: string }>();
    for (const [named, pinned] of paths) {
      const [answer, same] = [await ask(first, named), await ask(first, pinned)];
      expect([answer.status, answer.cacheControl]).toEqual([200, REVALIDATED]);
      expect([same.status, same.cacheControl, same.body]).toEqual([200, IMMUTABLE, answer.body]);
      const unchanged = { status: 304, body: "" };
      expect(await ask(first, named, answer.etag)).toMatchObject({ ...unchanged, cacheControl: REVALIDATED });
      expect(await ask(first, pinned, same.etag)).toMatchObject({ ...unchanged, cacheControl: IMMUTABLE });
      cache.set(named, answer);
    }
    await first.end();

    const second = await serve(mlp); // a new model of the same name
    for (const [named, pinned] of paths) {
      const { etag, body } = cache.get(named)!;
      const answer = await ask(second, named, etag);
      const status = named.endsWith(".txt") ? 304 : 200; // both models have the same training list
      expect([answer.status, answer.cacheControl]).toEqual([status, REVALIDATED]);
      expect(answer.body).not.toBe(body);
      const replaced = { status: 404, cacheControl: "no-store", etag: null };
      expect(await ask(second, pinned, "*")).toMatchObject(replaced);
      expect((await ask(second, pinned.replace(/@\w+/, `@${after}`))).status).toBe(200);
    }
  },
);
