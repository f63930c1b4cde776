import { type Tensor, transpose } from "@tensorflow/tfjs";
import * as z from "zod";
import type { TorchGenerator } from "../shared/random/torch.ts";
import { drawUniform } from "./initialisation.ts";
import type { Parameter } from "./parameters.ts";

/*
 * Weight tying: the weight of the output layer is the table of embeddings, transposed. It saves parameters, and each
 * character's embedding learns from every prediction.
 *
 * Source: Press and Wolf, "Using the output embedding to improve language models", EACL 2017; Inan, Khosravi and Socher,
 * "Tying word vectors and word classifiers", ICLR 2017.
 */

/** The hyperparameter of architectures that can tie their weights. A card lists it only if it is set. */
export const tieOption: z.ZodType<boolean | undefined> = z.boolean().optional().describe(
  "the output layer's weights are the embeddings",
);

/**
 * Checks that the output layer's input has the size of an embedding.
 *
 * @throws {RangeError} If it has not.
 */
export function requireTiedSizes(embedding: number, hidden: number): void {
  if (embedding === hidden) return;
  throw new RangeError(
    `Cannot tie the output layer to the embeddings: --embedding is ${embedding} and --hidden ${hidden}; ` +
      "they must be the same",
  );
}

/**
 * Draws a table of embeddings, [vocabularySize, size], that is the output layer's weight too: as PyTorch draws the weight of
 * `nn.Linear(size, vocabularySize)`. Where the output layer's input is as large as an embedding, normal embeddings would make
 * the first logits large.
 */
export function drawTiedEmbedding(
  generator: TorchGenerator,
  vocabularySize: number,
  size: number,
): Parameter {
  return {
    shape: [vocabularySize, size],
    values: drawUniform(generator, vocabularySize * size, 1 / Math.sqrt(size)),
  };
}

/** The output layer's weight, [size, V], or the table of embeddings, [V, size], transposed if there is none. */
export function outputWeight(weight: Tensor | undefined, table: Tensor): Tensor {
  return weight ?? transpose(table);
}
