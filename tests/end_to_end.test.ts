import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseModelCard } from "../shared/model_card.ts";
import { modelFiles, serveModels } from "./functions/serve_models.ts";
import { startTrainer } from "./processes.ts";
import { temporaryDirectory } from "./temporary_directory.ts";

/** A list that is easy to learn: each line is a first syllable, a second syllable and a digit. */
function shapes(): string[] {
  const [first, second] = ["Bō Kī Lū Mé Rä".split(" "), "nd rt sk lm".split(" ")];
  return first.flatMap((a) =>
    second.flatMap((b) => Array.from({ length: 20 }, (_, i) => `${a}${b} ${i % 10}`))
  );
}

test("a model trained on a list makes and scores lines like those of the list", async () => {
  const directory = await temporaryDirectory();
  const data = join(directory, "shapes.txt");
  await writeFile(data, shapes().join("\n"));
  const { code, stderr } = await startTrainer([
    ...["train", "--data", data, "--name", "shapes", "--out", directory, "--checkpoints", directory],
    ...["--steps", "2000", "--hidden", "40", "--optimizer", "adam", "--lr", "0.01", "--schedule", "cosine"],
  ]).ended;
  expect(code, stderr).toBe(0);

  const files = await modelFiles(directory);
  const card = parseModelCard(files[0].card);
  // The best NLL of a line is ln 200 nats, because the list has 5 * 4 * 10 different lines.
  const [perThing, characters] = [Math.log(200), 7];
  expect(card.nll.dev! * characters).toBeGreaterThan(perThing * 0.95);
  expect(card.nll.dev! * characters).toBeLessThan(perThing * 1.15);

  const app = await serveModels(files);
  const { status, body } = await app.ask<{ names: { name: string }[] }>(
    "/generate?n=200&seed=1&model=shapes",
  );
  expect(status).toBe(200);
  const known = new Set(shapes());
  const alike = body.names.filter(({ name }) => known.has(name)).length;
  expect(alike).toBeGreaterThan(170);
  const { body: score } = await app.ask(`/score?name=${encodeURIComponent("Mésk 7")}`);
  expect(score).toMatchObject({ model: "shapes", name: "Mésk 7", possible: true });
  const { body: wrong } = await app.ask<{ detail: string }>("/score?name=anna");
  expect(wrong.detail).toContain('character "a" at position 1');
});
