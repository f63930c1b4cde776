import type { Hyperparameters } from "../../../trainer/architecture.ts";

/** Architectures with hyperparameters, whose ONNX files are held to TensorFlow.js. */
type ContractCases = readonly [architecture: string, hyperparameters: Hyperparameters][];

/** Networks with a window. */
export const WINDOW_CASES: ContractCases = [
  ["bigram", { smoothing: 1 }],
  ["bigram", { smoothing: 0 }],
  ["mlp", { context: 3, embedding: 10, hidden: 200 }],
  ["mlp", { context: 5, embedding: 7, hidden: 33 }],
  ["mlp", { embedding: 2, hidden: 100, init: "plain" }],
  ["mlp", { hidden: 50, direct: true }],
  ["mlp", { hidden: 50, norm: "running" }],
  ["mlp", { hidden: 50, norm: "calibrated", bias: false, direct: true }],
  ["bigram-network", { penalty: 0.01 }],
  ["wavenet", {}],
  ["wavenet", { layers: 1, embedding: 5, hidden: 13 }],
  ["wavenet", { tree: true }],
  ["wavenet", { layers: 4, embedding: 7, hidden: 20, tree: true }],
];

/** Networks that see whole words. */
export const WORD_CASES: ContractCases = [
  ["rnn", {}],
  ["rnn", { embedding: 7, hidden: 33 }],
  ["rnn", { embedding: 20, hidden: 20, tie: true }],
  ["gru", {}],
  ["gru", { embedding: 7, hidden: 33 }],
  ["gru", { tie: true }],
  ["lstm", {}],
  ["lstm", { embedding: 7, hidden: 33 }],
  ["lstm", { embedding: 20, hidden: 20, tie: true }],
  ["bow", {}],
  ["bow", { embedding: 10, hidden: 33, positions: 5 }],
  ["bow", { embedding: 10, hidden: 33, tie: true }],
  ["transformer", {}],
  ["transformer", { layers: 1, heads: 2, embedding: 24, positions: 5 }],
  ["transformer", { layers: 1, embedding: 128 }],
  ["transformer", { layers: 1, embedding: 24, tie: true }],
];
