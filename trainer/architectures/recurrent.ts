import {
  add,
  matMul as product,
  ones,
  reshape,
  slice,
  stack,
  type Tensor,
  type Tensor2D,
  unstack,
} from "@tensorflow/tfjs";
import * as z from "zod";
import type { TorchGenerator } from "../../shared/random/torch.ts";
import { BOUNDARY } from "../../shared/vocabulary.ts";
import type { NetworkGraph, TrainingPass } from "../architecture.ts";
import type { Activation, StepPlan } from "../backends/fused/step_plan.ts";
import { drawBias, drawEmbedding, drawLinear } from "../initialisation.ts";
import { addBias, embed, matMul } from "../operations.ts";
import type { Attribute, GraphBuilder, Value } from "../onnx/graph.ts";
import type { Parameter, Parameters, Weights } from "../parameters.ts";
import { tieOption } from "../weight_tying.ts";

/*
 * What recurrent networks have in common. Each gate of a cell is a linear layer of the input and the state, with the
 * parameters Wg, Ug and bg: x Wg + h Ug + bg.
 *
 * Shapes: b is the batch, t the time, m the embedding, h the hidden layer, V the vocabulary.
 */

/** The choices that make a recurrent network, with makemore.py's defaults. */
export type RecurrentHyperparameters = { embedding: number; hidden: number; tie?: boolean };
export const recurrentHyperparameters: z.ZodObject<
  { [Key in keyof RecurrentHyperparameters]-?: z.ZodType<RecurrentHyperparameters[Key]> }
> = z.object({
  embedding: z.int().min(1).max(1024).default(64).describe("numbers in the embedding of a character"),
  hidden: z.int().min(1).max(8192).default(64).describe("numbers in the hidden state"),
  tie: tieOption,
});

/**
 * Draws a recurrent network: the embeddings C, a cell, and the output layer Wy, by, or by alone if its weight is C's transpose.
 */
export function drawRecurrent(
  generator: TorchGenerator,
  gates: readonly string[],
  { embedding: m, hidden: h, tie }: RecurrentHyperparameters,
  V: number,
): Parameters {
  // Tied embeddings are normal too: the hidden layer is small at first, and so are the logits.
  const C = drawEmbedding(generator, V, m); // (V, m)
  const cell = drawGates(generator, gates, m, h);
  if (tie) return { C, ...cell, by: drawBias(generator, h, V) };
  const { weight: Wy, bias: by } = drawLinear(generator, h, V); // (h, V), (V)
  return { C, ...cell, Wy, by };
}

/**
 * Draws the gates of a cell as makemore.py does: each is one linear layer of the input and the state side by side.
 *
 * @returns For each gate g: Wg (m, h), Ug (h, h), bg (h).
 */
function drawGates(
  generator: TorchGenerator,
  gates: readonly string[],
  m: number,
  h: number,
): Parameters {
  return Object.fromEntries(gates.flatMap((gate): [string, Parameter][] => {
    const { weight, bias } = drawLinear(generator, m + h, h); // (m + h, h), (h)
    return [
      [`W${gate}`, { shape: [m, h], values: weight.values.slice(0, m * h) }],
      [`U${gate}`, { shape: [h, h], values: weight.values.slice(m * h) }],
      [`b${gate}`, bias],
    ];
  }));
}

/**
 * Takes a cell along the positions of words. Dropout sets elements of the embeddings and of the outputs to zero, and none
 * on the way from one position to the next.
 *
 * Source: Zaremba, Sutskever and Vinyals, "Recurrent neural network regularization", 2014, for the dropout.
 *
 * @param tokens int32 (b, t)
 * @param start The states before the first position, (h) each.
 * @param cell From the embedding of a token of each word, (b, m), and the states before it, (b, h) each, to those after it.
 * @returns The first state after each position, (b * t, h).
 */
export function alongTime(
  { C }: Weights,
  tokens: Tensor2D,
  start: readonly Tensor[],
  cell: (x: Tensor, states: readonly Tensor[]) => readonly Tensor[],
  training?: TrainingPass,
): Tensor {
  const [b, t] = tokens.shape;
  const columns = Array.from({ length: t }, (_, position) => slice(tokens, [0, position], [b, 1])); // (b, 1) each
  const xs = embeddings(columns.map((token) => embed(C, token)), training); // (b, m) each
  let states: readonly Tensor[] = start.map((state) =>
    product(ones([b, 1]), reshape(state, [1, state.size]))
  );
  const hiddens: Tensor[] = [];
  for (const x of xs) {
    states = cell(x, states);
    hiddens.push(states[0]);
  }
  const all = reshape(stack(hiddens, 1), [b * t, hiddens[0].shape[1]!]); // (b, t, h) -> (b * t, h)
  return training?.dropout(all) ?? all;
}

/** The embeddings at each position, (b, m) each, after dropout. */
function embeddings(xs: Tensor[], training: TrainingPass | undefined): Tensor[] {
  if (!training?.dropsOut) return xs;
  const [b, m] = (xs[0] as Tensor2D).shape;
  const all = training.dropout(reshape(stack(xs, 1), [b * xs.length, m])); // (b, t, m) -> (b * t, m)
  // TensorFlow.js has no gradient of an `unstack` that makes one tensor.
  return xs.length === 1 ? [all] : unstack(reshape(all, [b, xs.length, m]), 1);
}

/** The input of a gate's sigmoid or tanh: x W + h U + b. */
export function gate(weights: Weights, name: string, x: Tensor, hidden: Tensor): Tensor {
  const [W, U, b] = ["W", "U", "b"].map((letter) => weights[letter + name]);
  return addBias(add(matMul(x, W), matMul(hidden, U)), b); // (b, m), (b, h) -> (b, h)
}

/** The input's part of each gate, x W + b, as layers that the backend `fused` can compute: (b, h) each. */
export function planInputs<Gate extends string>(
  plan: StepPlan,
  gates: readonly Gate[],
  { embedding: m, hidden: h }: RecurrentHyperparameters,
  V: number,
): Record<Gate, Activation> {
  const C = plan.table("C", [V, m]); // (V, m)
  // It is computed once for each token of the vocabulary, and looked up. With dropout each row has an embedding of its own.
  const x = plan.dropsOut ? plan.dropout(plan.lookUp(C)) : C; // (b, m) or (V, m)
  const input = (gate: Gate) => {
    const part = plan.linear(x, h, { weight: `W${gate}`, bias: `b${gate}` }); // (b, h) or (V, h)
    return plan.dropsOut ? part : plan.lookUp(part); // (b, h)
  };
  return Object.fromEntries(gates.map((gate) => [gate, input(gate)])) as Record<Gate, Activation>;
}

/** The output layer: (b, h) -> (b, V). */
export function planOutput(
  plan: StepPlan,
  hidden: Activation,
  { tie }: RecurrentHyperparameters,
  V: number,
): Activation {
  const x = plan.dropout(hidden); // (b, h)
  return tie
    ? plan.tiedLinear(x, { table: "C", bias: "by" })
    : plan.linear(x, V, { weight: "Wy", bias: "by" });
}

/** How ONNX computes a cell. */
interface CellOperator {
  operator: "RNN" | "GRU" | "LSTM";
  /** The gates in the operator's order. */
  gates: readonly string[];
  /** Gates whose logistic sigmoid the operator uses in place of what it leaves of 1. */
  complements?: readonly string[];
  attributes?: Readonly<Record<string, Attribute>>;
  /** The parameters with the states before the first position, by the state's name. The first is the hidden layer. */
  start: Readonly<Record<string, string>>;
}

/**
 * Writes a recurrent network as ONNX operators: the embeddings C, a cell, and a linear layer Wy, by.
 *
 * @param tokens int64 (b, t)
 * @param past The states, (b, h) each.
 */
export function recurrentGraph(
  graph: GraphBuilder,
  parameters: Parameters,
  tokens: Value<"int64">,
  past: Readonly<Record<string, Value<"float32">>>,
  { operator, gates, complements = [], attributes, start }: CellOperator,
): NetworkGraph {
  const [m, h] = parameters[`W${gates[0]}`].shape;
  const apply = (
    type: string,
    inputs: Value<"float32" | "int64">[],
    attributes?: Record<string, Attribute>,
  ) => graph.operator(type, ["float32"], inputs, attributes)[0];

  const parameter = (letter: string, name: string): Value<"float32"> => {
    const value = graph.parameter(letter + name, parameters[letter + name]);
    return complements.includes(name) ? apply("Neg", [value]) : value; // 1 - sigmoid(x) = sigmoid(-x)
  };
  const stacked = (letter: string, inputs: number): Value<"float32"> => {
    const columns = apply("Concat", gates.map((name) => parameter(letter, name)), { axis: 1 }); // (inputs, gates * h)
    return graph.reshape(apply("Transpose", [columns], { perm: [1, 0] }), [1, gates.length * h, inputs]);
  };
  const zeros = graph.parameter("no_recurrent_bias", {
    shape: [gates.length * h],
    values: new Float32Array(gates.length * h),
  });
  const biases = apply("Concat", [...gates.map((name) => parameter("b", name)), zeros], { axis: 0 }); // (2 * gates * h)

  // The boundary is read only as the first token of a word: there the learnt start takes the place of the past.
  const [first] = graph.operator("Slice", ["int64"], [
    tokens,
    graph.constant([0]),
    graph.constant([1]),
    graph.constant([1]),
  ]); // (b, 1)
  const [isStart] = graph.operator("Equal", ["bool"], [first, graph.constant([BOUNDARY])]); // (b, 1)
  const initial = Object.entries(start).map(([state, name]) => {
    const [chosen] = graph.operator("Where", ["float32"], [
      isStart,
      graph.parameter(name, parameters[name]), // (h)
      past[state], // (b, h)
    ]); // (b, h)
    return apply("Unsqueeze", [chosen, graph.constant([0])]); // (1, b, h)
  });

  const C = graph.parameter("C", parameters.C); // (V, m)
  const x = graph.gather(C, tokens); // (b, t, m)
  const [all, ...last] = graph.operator(operator, ["float32", ...initial.map(() => "float32" as const)], [
    apply("Transpose", [x], { perm: [1, 0, 2] }), // (t, b, m)
    stacked("W", m), // (1, gates * h, m)
    stacked("U", h), // (1, gates * h, h)
    graph.reshape(biases, [1, 2 * gates.length * h]),
    null,
    ...initial,
  ], { hidden_size: h, ...attributes }) as Value<"float32">[]; // (t, 1, b, h), (1, b, h) ...
  const squeezed = apply("Squeeze", [all, graph.constant([1])]); // (t, b, h)
  const hiddens = apply("Transpose", [squeezed], { perm: [1, 0, 2] }); // (b, t, h)
  const Wy = parameters.Wy ? graph.parameter("Wy", parameters.Wy) : graph.transpose(C, [1, 0]); // (h, V)
  const y = graph.matMul(hiddens, Wy); // (b, t, V)
  return {
    logits: graph.add(y, graph.parameter("by", parameters.by)), // (b, t, V)
    present: Object.fromEntries(
      Object.keys(start).map((state, i) => [state, apply("Squeeze", [last[i], graph.constant([0])])]), // (b, h)
    ),
  };
}
