import { beforeAll, describe, expect, test } from "vitest";
import { readModel } from "../../../functions/inference/model_directory.ts";
import { type ServedApp, serveModels } from "../serve_models.ts";

let app: ServedApp;
beforeAll(async () => {
  app = await serveModels([await readModel("models", "towns")]);
});

/** The last event of a stream of the model's towns. */
async function lastEvent(query: string): Promise<string> {
  const text = await app.text(`/generate?${query}`, { headers: { accept: "text/event-stream" } });
  return text.trim().split("\n\n").at(-1)!;
}

async function scoreErrors(texts: string[]): Promise<string[]> {
  const { body } = await app.ask<{ error: { title: string; detail: string } }[]>("/score", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(texts),
  });
  return body.map(({ error: { title, detail } }) => `${title}: ${detail}`);
}

describe("a model of towns", () => {
  test("says how many towns are missing", async () => {
    const query = "seed=1&n=3&unique=true&top_k=1";
    const shortfall = "1 of 3 towns: 60 were drawn, of which 59 repeat others";
    expect((await app.ask(`/generate?${query}`)).body).toMatchObject({ shortfall });
    expect(await lastEvent(query)).toContain(`"shortfall":"${shortfall}"`);
  });

  test("says of a text that it cannot score what it is, and not that it is a name", async () => {
    expect(await scoreErrors(["maß", ""])).toEqual([
      expect.stringMatching(
        /^Invalid text: The text has the character "ß" at position 3, which model towns does/,
      ),
      expect.stringMatching(/^Invalid text: The text must be 1 to 256 characters of Unicode /),
    ]);
  });
});
