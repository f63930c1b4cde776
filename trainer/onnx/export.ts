import type { Vocabulary } from "../../shared/vocabulary.ts";
import type { Network } from "../architecture.ts";
import type { Parameters } from "../parameters.ts";
import { type Dimension, GraphBuilder } from "./graph.ts";

/** Metadata of an .onnx file, so that a viewer such as Netron can describe the model without its card. */
export interface OnnxDescription {
  name: string;
  architecture: string;
  vocabulary: Vocabulary;
  /** Infinity if a name of the dev split is impossible. */
  devNll: number;
}

/**
 * Exports a network with its parameters.
 *
 * A network with a window has input `context`, int64 [batch, contextLength], and output `log_probs`, float32 [batch, V].
 * Others have inputs `tokens`, int64 [batch, time], and `past.NAME` for each state, and outputs `log_probs`, float32
 * [batch, time, V], and `present.NAME`. A state with an axis "past" has there, in `past.NAME`, the positions before these
 * tokens, and in `present.NAME` the positions of these tokens only: a server keeps each position once, with the beginning that
 * ends there, and gathers those of a beginning for the next step.
 *
 * @returns The bytes of an .onnx file.
 */
export function exportOnnx(
  network: Network,
  parameters: Parameters,
  { name, architecture, vocabulary, devNll }: OnnxDescription,
): Uint8Array<ArrayBuffer> {
  const { vocabularySize, contextLength, states = [] } = network;
  const graph = new GraphBuilder(architecture);
  const tokens = contextLength === null
    ? graph.input("tokens", "int64", ["batch", "time"])
    : graph.input("context", "int64", ["batch", contextLength]);
  const logProbsShape: Dimension[] = contextLength === null
    ? ["batch", "time", vocabularySize]
    : ["batch", vocabularySize];
  if (network.learns === "by counting") {
    graph.output("log_probs", network.graph(graph, parameters, tokens), logProbsShape);
  } else {
    const past = Object.fromEntries(
      states.map(({ name, type, shape }) => [name, graph.input(`past.${name}`, type, shape)]),
    );
    const { logits, present = {} } = network.graph(graph, parameters, tokens, past);
    graph.output("log_probs", graph.logSoftmax(logits), logProbsShape);
    for (const { name, shape } of states) {
      graph.output(`present.${name}`, present[name], shape.map((size) => (size === "past" ? "time" : size)));
    }
  }
  return graph.toBytes({
    name,
    architecture,
    vocabulary: vocabulary.characters,
    context_length: String(contextLength),
    dev_nll: String(devNll),
  });
}
