import { beforeAll, describe, expect, test, vi } from "vitest";
import { readFile } from "node:fs/promises";
import { TorchGenerator } from "../../../shared/random/torch.ts";
import { parseModelCard } from "../../../shared/model_card.ts";
import { Vocabulary } from "../../../shared/vocabulary.ts";
import { buildNetwork } from "../../../trainer/architecture.ts";
import { mlp } from "../../../trainer/architectures/mlp.ts";
import { DEFAULT_LIST } from "../../../trainer/list_file.ts";
import { exportOnnx } from "../../../trainer/onnx/export.ts";
import { sha256 } from "../../../shared/sha256.ts";
import { UNTRAINED_NAMES } from "../../notebook_figures.ts";
import { cardVersion, modelFiles, type ServedApp, serveModels } from "../serve_models.ts";

interface Names {
  model: string;
  seed: number;
  names: { name: string; nll: number; perplexity: number }[];
  shortfall?: string;
}

let app: ServedApp;
beforeAll(async () => {
  app = await serveModels();
});

async function names(query: string): Promise<string[]> {
  const { status, body } = await app.ask<Names>(`/generate?${query}`);
  expect(status, JSON.stringify(body)).toBe(200);
  return body.names.map(({ name }) => name);
}

describe("GET /generate", () => {
  test("waits for requests to share runs with only if it needs the model, and gives the same names", async () => {
    const gather = vi.fn(() => Promise.resolve());
    const gathering = await serveModels(undefined, { gather });
    for (const path of ["/generate?seed=7", "/generate?seed=8&unique=true", "/generate?seed=7"]) {
      expect((await gathering.ask(path)).body).toEqual((await app.ask(path)).body);
    }
    expect(gather).toHaveBeenCalledTimes(2);
    await gathering.ask("/generate?model=mlp&seed=7");
    expect(gather).toHaveBeenCalledTimes(2);
    await gathering.ask("/generate?seed=9&n=50&compat=torch"); // asks for name after name
    expect(gather).toHaveBeenCalledTimes(3);
  });

  test("makes ten names of the default model with a seed of its own, and says which", async () => {
    const { status, type, body } = await app.ask<Names>("/generate");
    expect(status).toBe(200);
    expect(type).toBe("application/json");
    expect(body.model).toBe("gru");
    expect(body.names.length).toBe(10);
    expect(Object.keys(body)).toEqual(["model", "seed", "names"]);
    expect(await names(`seed=${body.seed}`)).toEqual(body.names.map(({ name }) => name));
    const other = await app.ask<Names>("/generate");
    expect(other.body.seed).not.toBe(body.seed);
  });

  test("gives every name the figures that /score gives it, at any settings", async () => {
    for (
      const query of ["seed=1&n=15", "seed=2&n=15&temperature=3&top_k=9&top_p=0.9&prefix=mar&max_length=6"]
    ) {
      const { body } = await app.ask<Names>(`/generate?${query}`);
      expect(body.names).toHaveLength(15);
      for (const { name, nll, perplexity } of body.names) {
        const { body: scored } = await app.ask(`/score?name=${name}`);
        expect({ nll: scored.nll, perplexity: scored.perplexity }).toEqual({ nll, perplexity });
      }
    }
  });

  test("the same seed gives the same bytes, and fewer names are the beginning of more", async () => {
    expect(await app.text("/generate?seed=42&n=20")).toBe(await app.text("/generate?seed=42&n=20"));
    expect(await names("seed=42&n=10")).toEqual((await names("seed=42&n=20")).slice(0, 10));
    expect(await names("seed=42&n=1000")).toHaveLength(1000);
  });

  test("answers requests side by side as it answers them alone", async () => {
    const queries = Array.from(
      { length: 20 },
      (_, i) => `/generate?seed=${i}&n=${1 + 3 * i}&temperature=1.5`,
    );
    const alone: string[] = [];
    for (const query of queries) alone.push(await app.text(query));
    expect(await Promise.all(queries.map((query) => app.text(query)))).toEqual(alone);
  });

  test("sends one name a line where the client prefers text, with the seed in a header", async () => {
    const response = await app.request("/generate?seed=42&n=3", { headers: { accept: "text/plain" } });
    expect(response.headers.get("edgemore-seed")).toBe("42");
    expect(await response.text()).toBe((await names("seed=42&n=3")).map((name) => `${name}\n`).join(""));
    const { type } = await app.ask("/generate?seed=42", { headers: { accept: "text/html, */*" } });
    expect(type).toBe("application/json");
  });

  test("keeps prefix and lengths, at their bounds too", async () => {
    const fifty = (pattern: RegExp) => new Array<unknown>(50).fill(expect.stringMatching(pattern));
    expect(await names("seed=1&n=50&prefix=MAR")).toEqual(fifty(/^mar/));
    expect(await names("seed=1&n=50&min_length=8&max_length=9")).toEqual(fifty(/^.{8,9}$/));
    expect(await names("seed=1&n=50&max_length=1&min_length=1")).toEqual(fifty(/^.$/));
    expect(await names("seed=1&n=1&min_length=256&max_length=256")).toSatisfy(([name]: string[]) =>
      name.length === 256
    );
    expect(await names(`seed=1&n=1&prefix=${"a".repeat(256)}&max_length=256`)).toEqual(["a".repeat(256)]);
    expect(await names("seed=6&n=300&min_length=0&temperature=5")).toContain("");
  });

  test("with top_k=1, makes the one likeliest name", async () => {
    expect(new Set(await names("seed=3&n=20&top_k=1")).size).toBe(1);
    expect(await names("seed=3&top_p=0.001")).toEqual(await names("seed=9&top_k=1"));
  });

  test("repeats no name with unique, and says when there are not enough", async () => {
    const all = await names("seed=1&n=200&unique=true&model=bigram&max_length=2");
    expect(new Set(all).size).toBe(all.length);
    const { body } = await app.ask<Names>("/generate?seed=1&n=100&unique=true&max_length=1");
    expect(body.names.length).toBeLessThanOrEqual(26);
    expect(body.shortfall).toMatch(/^\d+ of 100 names: /);
  });

  test("with novel, makes no name of the training list, and the others in their order", async () => {
    const listed = new Set((await readFile(DEFAULT_LIST, "utf8")).trim().split("\n"));
    for (const query of ["seed=5", "seed=6&model=bigram", "seed=5&compat=torch", "seed=5&temperature=0.5"]) {
      const all = await names(`${query}&n=1000`);
      const fresh = all.filter((name) => !listed.has(name));
      expect(fresh.length).toBeLessThan(1000);
      const novel = await names(`${query}&n=20&novel=true`);
      expect(novel).toEqual(fresh.slice(0, 20));
      expect(await names(`${query}&n=10&novel=true&unique=true`)).toEqual(novel.slice(0, 10));
    }
  });

  test("with novel, says how many names of the list it had to leave out", async () => {
    const { body } = await app.ask<Names>("/generate?seed=1&n=3&novel=true&top_k=1");
    expect(body.names).toEqual([]);
    expect(body.shortfall).toBe("0 of 3 names: 60 were drawn, of which 60 are in the training list");
  });

  test("refuses novel where the model came without its list", async () => {
    const [bigram, , mlp] = await modelFiles();
    const without = await serveModels([{ ...bigram, list: null }, mlp]);
    const { status, body } = await without.ask("/generate?novel=true&model=bigram");
    const message = 'must be "false" for model bigram, which came without its list, us-names-2018.txt';
    expect([status, body.errors]).toEqual([400, [{ parameter: "novel", message }]]);
    for (const query of ["novel=false&model=bigram", "novel=true&model=mlp"]) {
      expect((await without.ask(`/generate?${query}`)).status).toBe(200);
    }
    expect((await without.ask("/models/bigram/training_names.txt")).status).toBe(404);
    expect((await without.ask("/health")).body.models).toEqual([
      { name: "bigram", status: "ready", version: cardVersion(bigram.card), training_names: false },
      { name: "mlp", status: "ready", version: cardVersion(mlp.card), training_names: true },
    ]);
  });

  test("draws first letters in the model's proportions, 100,000 of them at temperatures 0.5, 1 and 2", async () => {
    const alphabet = "abcdefghijklmnopqrstuvwxyz";
    const { body } = await app.ask<{ characters: { probability: number }[] }>("/score?name=a");
    expect(body.characters.length).toBe(2);
    const probabilities = await Promise.all(Array.from(alphabet, async (letter) => {
      const { body } = await app.ask<{ characters: { probability: number }[] }>(`/score?name=${letter}`);
      return body.characters[0].probability;
    }));
    for (const temperature of [0.5, 1, 2]) {
      const counts = new Map<string, number>();
      for (let request = 0; request < 100; request++) {
        for (const letter of await names(`n=1000&max_length=1&seed=${request}&temperature=${temperature}`)) {
          counts.set(letter, (counts.get(letter) ?? 0) + 1);
        }
      }
      const weights = probabilities.map((probability) => probability ** (1 / temperature));
      const total = weights.reduce((a, b) => a + b);
      // A letter that fewer than five draws are expected of is counted with the others of its kind.
      let [chiSquared, cells, rareExpected, rareSeen] = [0, 0, 0, 0];
      weights.forEach((weight, i) => {
        const expected = (100_000 * weight) / total;
        const seen = counts.get(alphabet[i]) ?? 0;
        if (expected < 5) [rareExpected, rareSeen] = [rareExpected + expected, rareSeen + seen];
        else [chiSquared, cells] = [chiSquared + (seen - expected) ** 2 / expected, cells + 1];
      });
      if (rareExpected > 5) chiSquared += (rareSeen - rareExpected) ** 2 / rareExpected;
      expect(cells).toBeGreaterThan(20);
      expect(chiSquared).toBeLessThan(54.05); // at most 26 degrees of freedom, 0.1%
    }
  });
});

describe("GET /generate?compat=torch", () => {
  test("gives the notebook's twenty names from its untrained network", async () => {
    const network = buildNetwork(mlp, { context: 3, embedding: 10, hidden: 200 }, 27);
    const parameters = network.initialise(new TorchGenerator(42));
    const vocabulary = new Vocabulary("abcdefghijklmnopqrstuvwxyz");
    const onnx = exportOnnx(network, parameters, {
      name: "untrained",
      architecture: "mlp",
      vocabulary,
      devNll: 3.3,
    });
    const [committed] = (await modelFiles()).filter(({ name }) => name === "mlp");
    const card = { ...parseModelCard(committed.card), name: "untrained", sha256: await sha256(onnx) };
    const untrained = await serveModels([{ name: "untrained", card: JSON.stringify(card), onnx }]);
    const { body } = await untrained.ask<Names>("/generate?compat=torch&seed=42&n=20");
    expect(body.names.map(({ name }) => name)).toEqual(UNTRAINED_NAMES);
  });

  test("fewer names are the beginning of more", async () => {
    const ten = await names("compat=torch&seed=1&n=10");
    expect(await names("compat=torch&seed=1&n=4")).toEqual(ten.slice(0, 4));
    expect(await names("seed=1&n=10")).not.toEqual(ten);
  });
});
