import { fromJson, type JsonValue, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import type { ModelFiles } from "../functions/inference/registry.ts";
import { TorchGenerator } from "../shared/random/torch.ts";
import { sha256 } from "../shared/sha256.ts";
import { modelFiles } from "./functions/serve_models.ts";

/*
 * Small models with a state, as ONNX files with fixed weights: a GRU, whose state is replaced in each step, and one layer of
 * attention, whose keys and values grow by one position in each step. They know a to z, and were never trained.
 */

const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const V = 1 + LETTERS.length;
/** Embedding and hidden size. */
export const SIZE = 16;
const HEADS = 2;
const HEAD_SIZE = SIZE / HEADS;
const SEED = 2147483647;

interface Weight {
  shape: number[];
  values: Float32Array<ArrayBuffer>;
}

/** Weights of these shapes, normal with a standard deviation of 0.7. */
function weights<Name extends string>(shapes: Record<Name, number[]>): Record<Name, Weight> {
  const generator = new TorchGenerator(SEED);
  return Object.fromEntries(
    Object.entries<number[]>(shapes).map(([name, shape]) => {
      const values = generator.randn(shape.reduce((a, b) => a * b)).map((value) => 0.7 * value);
      return [name, { shape, values }];
    }),
  ) as Record<Name, Weight>;
}

/** The GRU's weights, in the layout of ONNX's operator: the gates z, r and h one after the other. */
export const GRU_WEIGHTS = weights({
  embedding: [V, SIZE],
  W: [1, 3 * SIZE, SIZE],
  R: [1, 3 * SIZE, SIZE],
  B: [1, 6 * SIZE],
  out: [SIZE, V],
});

/** The weights of the attention layer. */
export const ATTENTION_WEIGHTS = weights({
  embedding: [V, SIZE],
  query: [SIZE, SIZE],
  key: [SIZE, SIZE],
  value: [SIZE, SIZE],
  out: [SIZE, V],
});

type Node = [
  operator: string,
  inputs: string[],
  output: string,
  attributes?: Record<string, number | number[]>,
];

/** An ONNX file from its nodes. */
function onnxFile(
  inputs: Record<string, (number | string)[]>,
  outputs: Record<string, (number | string)[]>,
  parameters: Record<string, Weight>,
  constants: Record<string, number[]>,
  nodes: Node[],
): Uint8Array<ArrayBuffer> {
  const base64 = ({ buffer }: { buffer: ArrayBuffer }) => new Uint8Array(buffer).toBase64();
  const valueInfo = ([name, shape]: [string, (number | string)[]]) => ({
    name,
    type: {
      tensorType: {
        elemType: name === "tokens" ? 7 : 1,
        shape: { dim: shape.map((d) => (typeof d === "number" ? { dimValue: String(d) } : { dimParam: d })) },
      },
    },
  });
  const model = fromJson(ModelProtoSchema, {
    irVersion: "8",
    opsetImport: [{ domain: "", version: "17" }],
    graph: {
      name: "stateful",
      node: nodes.map(([opType, input, output, attributes = {}]) => ({
        opType,
        input,
        output: output.split(" ").map((name) => (name === "_" ? "" : name)),
        attribute: Object.entries(attributes).map(([name, value]) =>
          Array.isArray(value)
            ? { name, type: "INTS", ints: value.map(String) }
            : { name, type: "INT", i: String(value) }
        ),
      })),
      initializer: [
        ...Object.entries(parameters).map(([name, { shape, values }]) => ({
          name,
          dataType: 1,
          dims: shape.map(String),
          rawData: base64(values),
        })),
        ...Object.entries(constants).map(([name, values]) => ({
          name,
          dataType: 7,
          dims: [String(values.length)],
          rawData: base64(BigInt64Array.from(values, BigInt)),
        })),
      ],
      input: Object.entries(inputs).map(valueInfo),
      output: Object.entries(outputs).map(valueInfo),
    },
  } as unknown as JsonValue);
  return toBinary(ModelProtoSchema, model);
}

/** A GRU whose hidden units are the state `hidden`. Source of its equations: ONNX's operator GRU, linear_before_reset 0. */
function gruOnnx(): Uint8Array<ArrayBuffer> {
  return onnxFile(
    { tokens: ["batch", "time"], "past.hidden": ["batch", SIZE] },
    { log_probs: ["batch", "time", V], "present.hidden": ["batch", SIZE] },
    GRU_WEIGHTS,
    { zero: [0], one: [1] },
    [
      ["Gather", ["embedding", "tokens"], "x"], // [batch, time, size]
      ["Transpose", ["x"], "x_by_time", { perm: [1, 0, 2] }],
      ["Unsqueeze", ["past.hidden", "zero"], "h0"], // [1, batch, size]
      ["GRU", ["x_by_time", "W", "R", "B", "", "h0"], "hs hn", { hidden_size: SIZE, linear_before_reset: 0 }],
      ["Squeeze", ["hs", "one"], "hs_by_time"], // [time, batch, size]
      ["Transpose", ["hs_by_time"], "hidden", { perm: [1, 0, 2] }],
      ["MatMul", ["hidden", "out"], "logits"],
      ["LogSoftmax", ["logits"], "log_probs", { axis: -1 }],
      ["Squeeze", ["hn", "zero"], "present.hidden"],
    ],
  );
}

/** One attention layer on embeddings, whose keys and values are the states `0.key` and `0.value`. */
function attentionOnnx(): Uint8Array<ArrayBuffer> {
  const grown = ["batch", HEADS, "past", HEAD_SIZE];
  const own = ["batch", HEADS, 1, HEAD_SIZE];
  const split = (name: string): Node[] => [
    ["MatMul", ["x", name], `${name}_flat`],
    ["Reshape", [`${name}_flat`, "heads"], `${name}_heads`], // [batch, time, heads, head size]
    [
      "Transpose",
      [`${name}_heads`],
      name === "query" ? "q" : name === "key" ? "present.0.key" : "present.0.value",
      { perm: [0, 2, 1, 3] },
    ],
  ];
  return onnxFile(
    { tokens: ["batch", "time"], "past.0.key": grown, "past.0.value": grown },
    { log_probs: ["batch", "time", V], "present.0.key": own, "present.0.value": own },
    ATTENTION_WEIGHTS,
    { heads: [0, 0, HEADS, HEAD_SIZE], flat: [0, 0, SIZE] },
    [
      ["Gather", ["embedding", "tokens"], "x"],
      ...split("query"),
      ...split("key"),
      ...split("value"),
      ["Concat", ["past.0.key", "present.0.key"], "keys", { axis: 2 }],
      ["Concat", ["past.0.value", "present.0.value"], "values", { axis: 2 }],
      ["Transpose", ["keys"], "keys_t", { perm: [0, 1, 3, 2] }],
      ["MatMul", ["q", "keys_t"], "scores"],
      ["Softmax", ["scores"], "attention", { axis: -1 }],
      ["MatMul", ["attention", "values"], "heads_out"],
      ["Transpose", ["heads_out"], "heads_last", { perm: [0, 2, 1, 3] }],
      ["Reshape", ["heads_last", "flat"], "y"],
      ["MatMul", ["y", "out"], "logits"],
      ["LogSoftmax", ["logits"], "log_probs", { axis: -1 }],
    ],
  );
}

async function filesOf(name: string, onnx: Uint8Array<ArrayBuffer>, states: object[]): Promise<ModelFiles> {
  const [bigram] = await modelFiles();
  const { known_names: _, pictures: __, ...card } = JSON.parse(bigram.card);
  return {
    name,
    onnx,
    card: JSON.stringify({
      ...card,
      name,
      architecture: name,
      hyperparameters: { hidden: SIZE },
      parameters: 3000,
      vocabulary: LETTERS,
      context_length: null,
      states,
      sha256: await sha256(onnx),
    }),
  };
}

/** The files of the GRU, as the model `gru`. */
export function gruFiles(): Promise<ModelFiles> {
  return filesOf("gru", gruOnnx(), [{ name: "hidden", type: "float32", shape: ["batch", SIZE] }]);
}

/** The files of the attention layer, as the model `attention`. */
export function attentionFiles(): Promise<ModelFiles> {
  const shape = ["batch", HEADS, "past", HEAD_SIZE];
  return filesOf("attention", attentionOnnx(), [
    { name: "0.key", type: "float32", shape },
    { name: "0.value", type: "float32", shape },
  ]);
}

/** Row `row` of a [rows, columns] matrix in the flat values of a weight, from `offset` on. */
function rowOf({ values }: Weight, row: number, columns: number, offset = 0): Float32Array {
  return values.subarray(offset + row * columns, offset + (row + 1) * columns);
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);
}

/** x W, for W [in, out]. */
function times(x: ArrayLike<number>, { shape: [, columns], values }: Weight): number[] {
  return Array.from(
    { length: columns },
    (_, j) => Array.from(x).reduce((sum, value, i) => sum + value * values[i * columns + j], 0),
  );
}

function logSoftmax(logits: number[]): number[] {
  const most = Math.max(...logits);
  const total = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0)) + most;
  return logits.map((logit) => logit - total);
}

/** The log-probabilities of the token after a beginning, as the GRU's equations give them in float64. */
export function gruLogProbs(beginning: readonly number[]): number[] {
  const { embedding, W, R, B, out } = GRU_WEIGHTS;
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  let h = new Array<number>(SIZE).fill(0);
  for (const token of [0, ...beginning]) {
    const x = rowOf(embedding, token, SIZE);
    const gate = (g: number, i: number, hidden: number[]) => {
      const row = g * SIZE + i;
      return dot(rowOf(W, row, SIZE), x) + dot(rowOf(R, row, SIZE), hidden) + B.values[row] +
        B.values[3 * SIZE + row];
    };
    const z = h.map((_, i) => sigmoid(gate(0, i, h)));
    const r = h.map((_, i) => sigmoid(gate(1, i, h)));
    const reset = h.map((value, i) => r[i] * value);
    const candidate = h.map((_, i) => Math.tanh(gate(2, i, reset)));
    h = h.map((value, i) => (1 - z[i]) * candidate[i] + z[i] * value);
  }
  return logSoftmax(times(h, out));
}

/** The log-probabilities of the token after a beginning, as attention over all of it gives them in float64. */
export function attentionLogProbs(beginning: readonly number[]): number[] {
  const { embedding, query, key, value, out } = ATTENTION_WEIGHTS;
  const xs = [0, ...beginning].map((token) => rowOf(embedding, token, SIZE));
  const q = times(xs.at(-1)!, query);
  const [keys, values] = [xs.map((x) => times(x, key)), xs.map((x) => times(x, value))];
  const y = Array.from({ length: HEADS }, (_, head) => {
    const part = (all: number[]) => all.slice(head * HEAD_SIZE, (head + 1) * HEAD_SIZE);
    const attention = logSoftmax(keys.map((k) => dot(part(q), part(k)))).map(Math.exp);
    return part(values[0]).map((_, i) => dot(attention, values.map((v) => part(v)[i])));
  }).flat();
  return logSoftmax(times(y, out));
}
