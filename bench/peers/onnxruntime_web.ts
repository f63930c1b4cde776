import { Hono } from "hono";
import { type BenchModel, openModel } from "../models.ts";

/*
 * What one would write with transformers.js: a bare Hono route that calls ONNX Runtime Web once a token, with the names of
 * a batch together, samples in JavaScript, and remembers nothing. Names that have ended stay in the batch until all have, as
 * they do there.
 */

/** The longest name. */
const MAX_LENGTH = 64;

const models = new Map<string, BenchModel>();
for (const name of Deno.args) models.set(name, await openModel(name));

/** A name and its figures, as edgemore answers them. */
interface Name {
  name: string;
  nll: number;
  perplexity: number;
}

const app = new Hono().get("/health", (context) => context.text("ok")).get("/generate", async (context) => {
  const { model: name = "mlp", n = "20", batch = n } = context.req.query();
  const names: Name[] = [];
  while (names.length < Number(n)) names.push(...await generate(models.get(name)!, Number(batch)));
  return context.json({ model: name, names });
});

Deno.serve({ port: Number(Deno.env.get("PORT")), hostname: "127.0.0.1" }, app.fetch);

/** Samples a batch of names. */
async function generate({ model, vocabulary }: BenchModel, batch: number): Promise<Name[]> {
  const width = model.contextLength ?? 1;
  const tokens = new Int32Array(batch * width); // (batch, width), of which the last of each row is the newest
  const texts = new Array<string>(batch).fill("");
  const logLikelihoods = new Float64Array(batch);
  const ended = new Uint8Array(batch);
  let past: Float32Array[] = model.states.map(({ shape }) =>
    new Float32Array(shape.reduce<number>((size, length) => size * Number(length), batch))
  );
  for (let length = 0; length < MAX_LENGTH && ended.includes(0); length++) {
    const { logProbs, present } = await model.step(tokens, batch, past); // (batch, V)
    past = [...present];
    for (let row = 0; row < batch; row++) {
      const token = multinomial(logProbs, row * model.vocabularySize, model.vocabularySize);
      tokens.copyWithin(row * width, row * width + 1, (row + 1) * width);
      tokens[(row + 1) * width - 1] = token;
      if (ended[row]) continue;
      logLikelihoods[row] += logProbs[row * model.vocabularySize + token];
      if (token === 0) ended[row] = 1;
      else texts[row] += vocabulary.symbol(token);
    }
  }
  return texts.map((name, row) => {
    const nll = -logLikelihoods[row] / (name.length + 1);
    return { name, nll, perplexity: Math.exp(nll) };
  });
}

/** Draws from the distribution that begins at an index. */
function multinomial(logProbs: Float32Array, first: number, size: number): number {
  let left = Math.random();
  let token = 0;
  while (token < size - 1 && (left -= Math.exp(logProbs[first + token])) >= 0) token++;
  return token;
}
