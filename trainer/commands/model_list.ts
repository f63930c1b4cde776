import { Option } from "commander";
import { relative } from "node:path";
import { DEFAULT_LIST, type List, parseList, readList } from "../corpus.ts";
import type { StoredModel } from "../load_model.ts";

/**
 * Reads the list that a model was trained on.
 *
 * @param source Its path or URL. Default: the model's own copy.
 * @throws {Error} If it cannot be read, or is not the list on the model's card.
 */
export async function modelList(
  { card: { name, dataset }, list: copy }: Pick<StoredModel, "card" | "list">,
  source?: string,
): Promise<List> {
  if (source === undefined && copy === null) {
    throw new Error(`Model ${name} came without its list: give ${dataset.name} with --data`);
  }
  const list = source === undefined ? await parseList(dataset.name, copy!) : await readList(source);
  if (list.sha256 === dataset.sha256) return list;
  throw new Error(
    `Model ${name} was not trained on ${source ?? "the list that came with it,"} but on ${dataset.name} ` +
      `(${dataset.lines} lines, SHA-256 ${dataset.sha256.slice(0, 12)}…)`,
  );
}

/** `--data LIST`, for commands that train. */
export function trainingListOption(): Option {
  return new Option("--data <list>", "the list: a path or an http(s) URL")
    .default(DEFAULT_LIST, `${relative(".", DEFAULT_LIST)}, names given in the United States in 2018`);
}
