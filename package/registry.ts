import { Registry } from "../functions/inference/registry.ts";
import { Model, openModel, type OpenOptions, servedModelOf } from "./model.ts";
import { type ModelSource, nameOfSource } from "./model_source.ts";

/** Models to serve: opened ones, or their files. Each has its own name. */
export type Models = Iterable<Model | ModelSource>;

/** The models of a server, and when those that were not open are. */
export interface OpeningRegistry {
  registry: Registry;
  opened: Promise<void>;
}

/**
 * Makes a registry of models, and opens those that are not open yet, one after the other. A broken one is not an error: the
 * registry tells of it.
 *
 * @throws {RangeError} If two models have one name, or none has that of the default model.
 * @throws {TypeError} If a card is not one.
 */
export function openRegistry(models: Models, defaultModel?: string, options?: OpenOptions): OpeningRegistry {
  const byName = new Map<string, Model | ModelSource>();
  for (const model of models) {
    const name = model instanceof Model ? model.name : nameOfSource(model);
    if (byName.has(name)) throw new RangeError(`Cannot serve two models of the name ${name}`);
    byName.set(name, model);
  }
  const registry = new Registry(byName.keys(), defaultModel);
  const add = (name: string, model: Model | ModelSource) =>
    registry.add(
      name,
      async () => servedModelOf(model instanceof Model ? model : await openModel(model, options)),
    );
  const openAll = async () => {
    const closed = registry.names.filter((name) => !(byName.get(name) instanceof Model));
    for (const [name, model] of byName) if (model instanceof Model) await add(name, model);
    for (const name of closed) await add(name, byName.get(name)!);
  };
  return { registry, opened: openAll() };
}
