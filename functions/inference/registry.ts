import type { ModelCard } from "../../shared/model_card.ts";
import { Problem } from "../problem.ts";
import { parseModelReference, pinnedReference } from "./model_reference.ts";
import type { OnnxRuntime } from "./onnx_model.ts";
import { WASM_RUNTIME } from "./onnx_runtime.ts";
import { type ModelFiles, openModel, type ServedModel, TrainingLists } from "./served_model.ts";

export type { ModelFiles, ServedModel };

/** The model that answers where none is named, if there is one of this name. */
const DEFAULT_MODEL = "tuned";

/** How long a request waits for a model that is being opened, in milliseconds: most are open within a second. */
const MAX_WAIT = 3000;

/** When to ask again for a model that is still being opened, in seconds. */
export const RETRY_AFTER = 2;

/** A model of the server, in one of its three states. */
type Model =
  | { status: "opening"; settled: Promise<void>; settle: () => void }
  | { status: "ready"; served: ServedModel; pinned: ServedModel }
  | { status: "broken"; reason: string };

/** How a model is. */
export interface ModelStatus {
  name: string;
  status: Model["status"];
  /** Why it is broken. */
  reason?: string;
}

/** The models of a server, by name. One that is broken, or still being opened, leaves the others be. */
export class Registry {
  readonly #models: Map<string, Model>;
  /** The names in the order in which they are to be opened: what answers where no model is named comes first. */
  readonly names: readonly string[];
  /** Those that may answer where none is named: the first that is not broken does. */
  readonly #defaults: readonly string[];

  /**
   * Makes the registry of models that are yet to be opened; see {@link add}.
   *
   * @param names What they are called.
   * @param defaultModel The model that answers where none is named. Default: "tuned", else the first in the alphabet, of
   * those that are not broken.
   * @throws {RangeError} If there is no model of the default's name.
   */
  constructor(names: Iterable<string>, defaultModel?: string) {
    const sorted = [...names].sort();
    if (defaultModel !== undefined && !sorted.includes(defaultModel)) {
      throw new RangeError(
        `Cannot make ${JSON.stringify(defaultModel)} the default model: there are ${
          sorted.join(", ") || "none"
        }`,
      );
    }
    const first = defaultModel ?? DEFAULT_MODEL;
    this.names = [...sorted.filter((name) => name === first), ...sorted.filter((name) => name !== first)];
    this.#defaults = defaultModel === undefined ? this.names : [defaultModel];
    this.#models = new Map(sorted.map((name) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      return [name, { status: "opening", settled: promise, settle: resolve }];
    }));
  }

  /**
   * Opens all models at once.
   *
   * @param files Their files.
   * @param defaultModel See the constructor.
   * @param runtime What runs them. Default: WebAssembly.
   * @throws {RangeError} If there is no model of the default's name. A model that is broken is no error.
   */
  static async open(
    files: Iterable<ModelFiles>,
    defaultModel?: string,
    runtime: OnnxRuntime = WASM_RUNTIME,
  ): Promise<Registry> {
    const byName = new Map(Array.from(files, (file) => [file.name, file]));
    const registry = new Registry(byName.keys(), defaultModel);
    const lists = new TrainingLists();
    for (const name of registry.names) {
      await registry.add(name, (onBroken) => openModel(byName.get(name)!, runtime, onBroken, lists));
    }
    return registry;
  }

  /**
   * Adds a model that the constructor was told of. Where it cannot be opened it is broken.
   *
   * @param open Opens it. It is given what to call when the model turns out to be broken later.
   */
  async add(name: string, open: (onBroken: (reason: string) => void) => Promise<ServedModel>): Promise<void> {
    try {
      const served = await open((reason) => this.#set(name, { status: "broken", reason }));
      this.#set(name, { status: "ready", served, pinned: { ...served, pinned: true } });
    } catch (error) {
      this.#set(name, { status: "broken", reason: (error as Error).message });
    }
  }

  /** Changes the state of a model, if it is not broken: that is for good. */
  #set(name: string, model: Model): void {
    const before = this.#models.get(name)!;
    if (before.status === "broken") return;
    this.#models.set(name, model);
    if (model.status === "broken") console.error(`warning: model ${name} is broken: ${model.reason}`);
    if (before.status === "opening") before.settle();
  }

  /** The model that answers where none is named: the first of those that may which is not broken. */
  get defaultModel(): string {
    const isBroken = (name: string) => this.#models.get(name)!.status === "broken";
    return this.#defaults.find((name) => !isBroken(name)) ?? this.#defaults[0] ?? DEFAULT_MODEL;
  }

  /**
   * The model that a request names. One that is being opened is waited for, {@link MAX_WAIT} at most.
   *
   * @param reference Its name, or its name and the SHA-256 of its file, `tuned@c2d60bc2`. Default: the default model.
   * @param parameter Where the request has the reference, for the message.
   * @throws {Problem} 400 if the reference is malformed, 404 if there is no such model, or none of this SHA-256; 503 if it is
   * broken, or not open yet.
   */
  async get(reference?: string, parameter = "model"): Promise<ServedModel> {
    const { name, digits } = reference === undefined
      ? { name: undefined, digits: null }
      : readReference(reference, parameter);
    let chosen = name ?? this.defaultModel;
    if (this.#models.get(chosen)?.status === "opening") chosen = await this.#waitFor(name);
    const model = this.#models.get(chosen);
    if (model === undefined) {
      const known = [...this.#models.keys()].join(", ") || "none";
      const message = `must be a model of this server (${known}), got ${JSON.stringify(chosen)}`;
      throw Problem.ofParameters("unknown-model", [{ parameter, message }]);
    }
    if (model.status === "opening") throw this.#opening(chosen);
    if (model.status === "broken") {
      throw new Problem("broken-model", `Model ${chosen} cannot answer: ${model.reason}`);
    }
    if (digits === null) return model.served;
    const { sha256 } = model.served.card;
    if (sha256.startsWith(digits)) return model.pinned;
    const message = `must be pinned to the file that is served, ${pinnedReference(chosen, sha256)}, got ${
      JSON.stringify(reference)
    }`;
    throw Problem.ofParameters("unknown-model", [{ parameter, message }]);
  }

  /**
   * Waits until a model, or else the default one, is no longer being opened.
   *
   * @returns What it is called: another model is the default where one turns out to be broken.
   * @throws {Problem} 503 after {@link MAX_WAIT}.
   */
  async #waitFor(name: string | undefined): Promise<string> {
    const timeout = startTimeout(MAX_WAIT);
    try {
      while (true) {
        const chosen = name ?? this.defaultModel;
        const model = this.#models.get(chosen);
        if (model?.status !== "opening") return chosen;
        if (timeout.passed) throw this.#opening(chosen);
        await Promise.race([model.settled, timeout.over]);
      }
    } finally {
      timeout.clear();
    }
  }

  #opening(name: string): Problem {
    const detail = `Model ${name} is still being opened; ask again in ${RETRY_AFTER} s`;
    return new Problem("opening-model", detail, [], { "retry-after": String(RETRY_AFTER) });
  }

  /** The cards of the models that answer. Those that are being opened are waited for, {@link MAX_WAIT} at most. */
  async cards(): Promise<ModelCard[]> {
    const opening = [...this.#models.values()].filter((model) => model.status === "opening");
    if (opening.length > 0) {
      const timeout = startTimeout(MAX_WAIT);
      await Promise.race([Promise.all(opening.map(({ settled }) => settled)), timeout.over]);
      timeout.clear();
    }
    return [...this.#models.values()].flatMap((model) => model.status === "ready" ? [model.served.card] : []);
  }

  /** How each model is. */
  statuses(): ModelStatus[] {
    return Array.from(
      this.#models,
      ([name, model]) =>
        model.status === "broken"
          ? { name, status: model.status, reason: model.reason }
          : { name, status: model.status },
    );
  }
}

/** A time that passes. */
interface Timeout {
  /** Resolves when it has passed. */
  over: Promise<void>;
  passed: boolean;
  /** Stops counting: `over` stays pending. */
  clear(): void;
}

/** @param milliseconds How long it is. */
function startTimeout(milliseconds: number): Timeout {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(() => {
    timeout.passed = true;
    resolve();
  }, milliseconds);
  const timeout: Timeout = { over, passed: false, clear: () => clearTimeout(timer) };
  return timeout;
}

/** @throws {Problem} 400 if the reference is malformed. */
function readReference(reference: string, parameter: string): { name: string; digits: string | null } {
  try {
    return parseModelReference(reference);
  } catch (error) {
    throw Problem.ofParameters("invalid-parameter", [{ parameter, message: (error as Error).message }]);
  }
}
