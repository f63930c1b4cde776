import type { ModelFiles } from "../../../functions/inference/served_model.ts";
import { modelFiles } from "../serve_models.ts";

/** A model's files under another name, perhaps with other fields on its card: another version of that name. */
export function withCard({ card, ...files }: ModelFiles, name: string, changes: object = {}): ModelFiles {
  return { ...files, name, card: JSON.stringify({ ...JSON.parse(card), name, ...changes }) };
}

/** Two versions of one model, of different architectures: the committed bigram and the committed MLP. */
export async function twoVersions(name: string): Promise<[ModelFiles, ModelFiles]> {
  const [bigram, , mlp] = await modelFiles();
  return [withCard(bigram, name), withCard(mlp, name)];
}
