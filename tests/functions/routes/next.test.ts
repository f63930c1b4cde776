import { beforeAll, describe, expect, test } from "vitest";
import { type ServedApp, serveModels } from "../serve_models.ts";

interface Next {
  model: string;
  prefix: string;
  next: { character: string; probability: number }[];
}

let app: ServedApp;
beforeAll(async () => {
  app = await serveModels();
});

describe("GET /next", () => {
  test("gives each of the 27 characters once, the likeliest first, adding up to 1", async () => {
    const { status, body } = await app.ask<Next>("/next?prefix=mar&model=mlp");
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(["model", "prefix", "next"]);
    expect([body.model, body.prefix]).toEqual(["mlp", "mar"]);
    expect(body.next.map(({ character }) => character).sort().join("")).toBe(".abcdefghijklmnopqrstuvwxyz");
    const probabilities = body.next.map(({ probability }) => probability);
    expect(probabilities).toEqual([...probabilities].sort((a, b) => b - a));
    expect(probabilities.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
  });

  test.each(["bigram", "gru", "mlp"])("agrees with /score to the last bit: %s", async (model) => {
    const { body: scored } = await app.ask<{ characters: { character: string; probability: number }[] }>(
      `/score?name=maria&model=${model}`,
    );
    for (const [i, { character, probability }] of scored.characters.entries()) {
      const { body } = await app.ask<Next>(`/next?prefix=${"maria".slice(0, i)}&model=${model}`);
      expect(body.next.find((next) => next.character === character)!.probability).toBe(probability);
    }
  });

  test("begins at the beginning where no prefix is given, and reads capitals as small letters", async () => {
    const nothing = (await app.ask<Next>("/next")).body;
    expect(nothing).toEqual((await app.ask<Next>("/next?prefix=")).body);
    expect([nothing.model, nothing.prefix]).toEqual(["gru", ""]);
    expect((await app.ask<Next>("/next?prefix=MaR")).body).toEqual(
      (await app.ask<Next>("/next?prefix=mar")).body,
    );
  });

  test.each([
    ["/next?prefix=a1", 400, "prefix", 'has the character "1" at position 2'],
    [`/next?prefix=${"a".repeat(257)}`, 400, "prefix", "must be 0 to 256 characters"],
    ["/next?model=gpt", 404, "model", "must be a model of this server"],
    ["/next?name=mar", 400, "name", "is no parameter of this route, which has prefix, model"],
  ])("%s is refused", async (path, expected, parameter, message) => {
    const { status, type, body } = await app.ask<{ errors: { parameter: string; message: string }[] }>(path);
    expect([status, type]).toEqual([expected, "application/problem+json"]);
    expect(body.errors).toEqual([{ parameter, message: expect.stringContaining(message) }]);
  });
});
