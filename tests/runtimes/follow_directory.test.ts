import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { badModel, writeModels } from "../attacks/bad_models.ts";
import { twoVersions, withCard } from "../functions/inference/model_versions.ts";
import { cardVersion } from "../functions/serve_models.ts";
import { startDenoProgram } from "../servers.ts";
import { temporaryDirectory } from "../temporary_directory.ts";

/** The real Deno server, whose directory of models changes while it runs. */
test("Deno serves what its directory of models has, without a restart, and no request fails", async () => {
  const directory = join(await temporaryDirectory(), "models");
  const [bigram, mlp] = await twoVersions("pets");
  await writeModels(directory, [bigram]);
  const { address } = await startDenoProgram({
    EDGEMORE_MODELS: directory,
    EDGEMORE_MODEL_REFRESH: "0.2",
    EDGEMORE_MODEL_TIMEOUT: "5",
  });
  const models = async (): Promise<Record<string, unknown>[]> =>
    (await (await fetch(`${address}/health`)).json()).models;
  const served = (model: { card: string }) => ({ status: "ready", version: cardVersion(model.card) });

  const statuses = new Set<number>();
  const architectures = new Set<string>();
  let running = true;
  const requests = (async () => {
    while (running) {
      const [score, card] = await Promise.all([
        fetch(`${address}/score?name=anna&model=pets`),
        fetch(`${address}/models/pets`),
      ]);
      await score.text();
      statuses.add(score.status).add(card.status);
      architectures.add((await card.json()).architecture);
    }
  })();
  onTestFinished(() => void (running = false));

  const poll = { timeout: 30_000 };
  await writeModels(directory, [mlp, withCard(bigram, "animals")]);
  await expect.poll(models, poll).toMatchObject([{
    name: "animals",
    ...served({ card: withCard(bigram, "animals").card }),
  }, {
    name: "pets",
    ...served(mlp),
  }]);

  // An endless loop as a new version: it is found in a thread of its own.
  const endless = await badModel("endless", "pets");
  await writeModels(directory, [endless]);
  await rm(join(directory, "animals.json"));
  await expect.poll(models, poll).toMatchObject([{
    name: "pets",
    ...served(mlp),
    update: { version: cardVersion(endless.card), reason: "pets.onnx did not answer within 5 s" },
  }]);

  running = false;
  await requests;
  expect([...statuses]).toEqual([200]);
  expect([...architectures]).toEqual(["bigram", "mlp"]);
});
