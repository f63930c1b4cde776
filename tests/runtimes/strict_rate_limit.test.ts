import { expect, onTestFinished, test } from "vitest";
import { writeModels } from "../attacks/bad_models.ts";
import { modelFiles } from "../functions/serve_models.ts";
import type { Server } from "../processes.ts";
import { startWorkerdWith } from "../servers.ts";
import { temporaryDirectory } from "../temporary_directory.ts";

/** wrangler.toml with the Durable Object. */
function bindObject(config: string): string {
  const at = config.indexOf("# [[durable_objects.bindings]]");
  return config.slice(0, at) + config.slice(at).replace(/^# /gm, "");
}

test("a strict limit is kept by a Durable Object, and outlives the Worker", async () => {
  const models = await temporaryDirectory();
  await writeModels(models, [(await modelFiles())[0]]);
  const persistTo = await temporaryDirectory();
  const start = async () =>
    (await startWorkerdWith(models, {
      config: bindObject,
      variables: { EDGEMORE_RATE_LIMIT: "strict:5/60s" },
      persistTo,
    })).server;
  const statuses = async ({ address }: Server, count: number) => {
    const answers = [];
    for (let i = 0; i < count; i++) answers.push(await fetch(`${address}/score?name=anna`));
    await Promise.all(answers.map((answer) => answer.text()));
    return answers.map(({ status }) => status);
  };

  let server = await start();
  let running = true;
  onTestFinished(async () => void (running && await server.end()));
  expect(await statuses(server, 7)).toEqual([200, 200, 200, 200, 200, 429, 429]);
  const refused = await fetch(`${server.address}/score?name=anna`);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect((await fetch(`${server.address}/health`)).status).toBe(200);
  running = false;
  await server.end();
  server = await start();
  running = true;
  expect(await statuses(server, 3)).toContain(429); // a token comes back every 12 s
});
