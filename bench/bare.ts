import { Hono } from "hono";

const name = { name: "marlena", nll: 2.153056025505066, perplexity: 8.611134072514364 };
const character = {
  context: "...",
  character: "a",
  probability: 0.13758054106225795,
  nll: 1.9835457801818848,
};

/** Bare Hono routes that answer with constants of the sizes of `/generate?n=1`, `?n=20` and `/score?name=andrej`. */
export const bare: Hono = new Hono()
  .get("/1", (context) => context.json({ model: "mlp", seed: 42, names: [name] }))
  .get("/20", (context) => context.json({ model: "mlp", seed: 42, names: new Array(20).fill(name) }))
  .get("/score", (context) =>
    context.json({
      model: "mlp",
      name: "andrej",
      possible: true,
      log_likelihood: -13.105578422546387,
      nll: 1.8722254889351981,
      perplexity: 6.502752110678131,
      percentile: 59.23193090828909,
      characters: new Array(7).fill(character),
    }));
