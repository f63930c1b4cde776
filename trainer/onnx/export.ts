import type { Network } from "../architecture.ts";
import type { Parameters } from "../parameters.ts";
import type { Vocabulary } from "../../shared/vocabulary.ts";

/** What an .onnx file says of itself, so that a viewer such as Netron explains it without its card. */
export interface OnnxDescription {
  name: string;
  architecture: string;
  vocabulary: Vocabulary;
  /** Infinity where a name of the dev split is impossible. */
  devNll: number;
}

/** A network with its parameters as the bytes of an .onnx file. */
export function exportOnnx(
  network: Network,
  parameters: Parameters,
  { name, architecture, vocabulary, devNll }: OnnxDescription,
): Uint8Array<ArrayBuffer> {
  return network.graph(parameters).toBytes({
    name,
    architecture,
    vocabulary: vocabulary.characters,
    context_length: String(network.contextLength),
    dev_nll: String(devNll),
  });
}
