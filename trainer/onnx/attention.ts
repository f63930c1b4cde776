import type { GraphBuilder, Value } from "./graph.ts";

/**
 * Positions are padded to a multiple of so many. ONNX Runtime's softmax adds up this many numbers at a time, and what is left one
 * by one, so the rounding of a sum depends on where the last whole group ends.
 */
const GROUP = 4;
/** The largest head for which ONNX Runtime adds up the values of more than 128 positions in the same order in every pass. */
const MAX_EXACT_HEAD = 64;

/**
 * Whether attention with heads of a size gives the same bits in passes as in steps. The matrix product computes a group of columns
 * at a time, and those that are left in an order that depends on the rows.
 */
export function passesAreExact(headSize: number): boolean {
  return headSize % GROUP === 0 && headSize <= MAX_EXACT_HEAD;
}

/**
 * Causal attention in ONNX operators, for any number of tokens after any number of positions.
 *
 * The positions are padded with zeros to a multiple of {@link GROUP}, and no token attends to the padding or to a later position:
 * their weights are 0. A sum over more positions therefore only gets further zeros at its end, so that a token's result has the
 * same bits alone in a step and in a pass over several tokens, for the sizes of a head in {@link passesAreExact}.
 *
 * Shapes: b is the batch, t the time, p the positions before, s the padded positions, m the embedding, H the heads, d the size
 * of a head.
 */
export class CausalAttention {
  /** The position of each token, int64 (t). */
  readonly positions: Value<"int64">;
  readonly #graph: GraphBuilder;
  readonly #heads: number;
  readonly #headSize: number;
  readonly #batch: Value<"int64">;
  readonly #time: Value<"int64">;
  /** Added to the scores, (t, s): 0 where a token may attend to a position, otherwise minus infinity. */
  readonly #mask: Value<"float32">;
  /** Zeros, (b, H, s - p - t, d). */
  readonly #padding: Value<"float32">;
  readonly #scale: Value<"float32">;

  /**
   * @param tokens (b, t)
   * @param past The keys before these tokens, (b, H, p, d).
   */
  constructor(
    graph: GraphBuilder,
    tokens: Value<"int64">,
    past: Value<"float32">,
    heads: number,
    headSize: number,
  ) {
    this.#graph = graph;
    this.#heads = heads;
    this.#headSize = headSize;
    const [zero, one] = [graph.integer(0), graph.integer(1)];
    const before = graph.axis(past, 2);
    this.#batch = graph.axis(tokens, 0);
    this.#time = graph.axis(tokens, 1);
    const after = graph.add(before, this.#time);
    const missing = graph.mod(graph.neg(after), graph.constant([GROUP]));
    const padded = graph.add(after, missing);
    this.positions = graph.range(graph.scalar(before), graph.scalar(after), one); // (t)
    const all = graph.range(zero, graph.scalar(padded), one); // (s)
    const [rows] = graph.operator("Unsqueeze", ["int64"], [this.positions, graph.constant([1])]); // (t, 1)
    const [isLater] = graph.operator("Greater", ["bool"], [all, rows]); // (t, s)
    [this.#mask] = graph.operator("Where", ["float32"], [isLater, graph.number(-Infinity), graph.number(0)]);
    const shape = graph.concat(
      [this.#batch, graph.constant([heads]), missing, graph.constant([headSize])],
      0,
    );
    [this.#padding] = graph.operator("ConstantOfShape", ["float32"], [shape]);
    this.#scale = graph.number(1 / Math.sqrt(headSize));
  }

  /** (b * t, rest) as (b, t, ...rest). */
  byToken(x: Value<"float32">, rest: number[]): Value<"float32"> {
    const shape = this.#graph.concat([this.#batch, this.#time, this.#graph.constant(rest)], 0);
    return this.#graph.operator("Reshape", ["float32"], [x, shape])[0];
  }

  /**
   * Each token takes the mean of the values of the positions up to itself, weighted by softmax(q k^T / sqrt(d)).
   *
   * @param qkv Query, key and value of each token, each the heads' side by side, (b * t, 3 * m).
   * @param past Keys and values before these tokens, (b, H, p, d) each.
   * @returns The means, the heads' side by side, (b * t, m); and the tokens' own keys and values, (b, H, t, d).
   *
   * Source: Vaswani et al., "Attention is all you need", NeurIPS 2017, equation (1).
   */
  attend(
    qkv: Value<"float32">,
    past: { key: Value<"float32">; value: Value<"float32"> },
  ): { y: Value<"float32">; key: Value<"float32">; value: Value<"float32"> } {
    const graph = this.#graph;
    const [H, d] = [this.#heads, this.#headSize];
    const byHead = graph.transpose(this.byToken(qkv, [3 * H, d]), [0, 2, 1, 3]); // (b, 3 * H, t, d)
    const [query, key, value] = graph.split(byHead, 3, 1); // (b, H, t, d)
    const keys = graph.concat([past.key, key, this.#padding], 2); // (b, H, s, d)
    const values = graph.concat([past.value, value, this.#padding], 2); // (b, H, s, d)
    const scores = graph.matMul(graph.mul(query, this.#scale), graph.transpose(keys, [0, 1, 3, 2])); // (b, H, t, s)
    const weights = graph.softmax(graph.add(scores, this.#mask)); // (b, H, t, s)
    const means = graph.transpose(graph.matMul(weights, values), [0, 2, 1, 3]); // (b, t, H, d)
    return { y: graph.reshape(means, [-1, H * d]), key, value }; // (b * t, m)
  }
}
