import { Option } from "commander";
import { relative } from "node:path";
import type { ModelCard } from "../../shared/model_card.ts";
import { DEFAULT_LIST, type List, readList } from "../corpus.ts";

/**
 * Reads the list that a model was trained on.
 *
 * @param source Its path or URL. Default: the list in this repository.
 * @throws {Error} If it cannot be read, or is not the list on the model's card.
 */
export async function modelList({ name, dataset }: ModelCard, source?: string): Promise<List> {
  const list = await readList(source ?? DEFAULT_LIST);
  if (list.sha256 === dataset.sha256) return list;
  throw new Error(
    source === undefined
      ? `Model ${name} was trained on another list than the one that comes along: give ${dataset.name} with --data`
      : `Model ${name} was not trained on ${source} but on ${dataset.name} ` +
        `(${dataset.lines} lines, SHA-256 ${dataset.sha256.slice(0, 12)}…)`,
  );
}

/** `--data LIST`, for commands that train. */
export function trainingListOption(): Option {
  return new Option("--data <list>", "the list: a path or an http(s) URL")
    .default(DEFAULT_LIST, `${relative(".", DEFAULT_LIST)}, names given in the United States in 2018`);
}
