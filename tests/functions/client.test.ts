import { hc } from "hono/client";
import { beforeAll, expect, test } from "vitest";
import type { App } from "../../functions/app.ts";
import type { Server } from "../processes.ts";
import { startPageServer } from "../servers.ts";

let server: Server;
beforeAll(async () => {
  server = await startPageServer();
  return () => server.end();
});

test("hc knows the routes, their parameters and their answers", async () => {
  const client = hc<App>(server.address);
  const made = await client.generate.$get({ query: { n: "3", seed: "42" } });
  if (made.status !== 200) throw new Error(`Cannot make names: ${made.status}`);
  const answer = await made.json();
  if (typeof answer === "string") throw new Error("Cannot be: text was not asked for");
  const names: string[] = answer.names.map(({ name }) => name);
  const text = await client.generate.$get({ query: { n: "3", seed: "42" } }, {
    headers: { accept: "text/plain" },
  });
  expect(names).toEqual((await text.text()).trimEnd().split("\n"));

  const scored = await client.score.$get({ query: { name: "andrej", model: "mlp" } });
  if (!scored.ok) throw new Error(`Cannot score a name: ${scored.status}`);
  const { nll, characters } = await scored.json();
  const mean: number | null = nll;
  expect(mean).toBeCloseTo(2.34, 2);
  expect(characters).toHaveLength(7);

  const card = await client.models[":name"].$get({ param: { name: "mlp" } });
  if (!card.ok) throw new Error(`Cannot describe a model: ${card.status}`);
  expect((await card.json()).architecture).toBe("mlp");

  // @ts-expect-error: a name is needed
  const refused = await client.score.$get({ query: {} });
  expect(refused.status).toBe(400);
});
