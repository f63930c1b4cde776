/// <reference lib="dom" />
import { isLocal, nameOf } from "./train/local_reference.ts";
import { computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";

/** What runs a model: the server, or ONNX Runtime Web in this browser. */
export const RUNTIMES = ["edge", "wasm", "webgpu"] as const;
export type Runtime = typeof RUNTIMES[number];
export const RUNTIME_NAMES: Record<Runtime, string> = {
  edge: "the edge",
  wasm: "WebAssembly",
  webgpu: "WebGPU",
};
export type BrowserRuntime = Exclude<Runtime, "edge">;

/**
 * What a visitor has chosen and typed, as the text of each field. It is kept in the page's address, so that a link restores
 * it, and sent to the API unchecked: the API says what is wrong with it. "" is the API's own default.
 */
export interface PageState {
  /** "" is the server's default model. */
  model: string;
  runtime: Runtime;
  n: string;
  temperature: string;
  top_k: string;
  top_p: string;
  prefix: string;
  min_length: string;
  max_length: string;
  seed: string;
  novel: boolean;
  unique: boolean;
  /** What to score. */
  name: string;
}

/** The fields that are parameters of `GET /generate`. */
export type Setting =
  | "temperature"
  | "top_k"
  | "top_p"
  | "prefix"
  | "min_length"
  | "max_length"
  | "n"
  | "seed";

const SETTINGS: readonly Setting[] = [
  "n",
  "temperature",
  "top_k",
  "top_p",
  "prefix",
  "min_length",
  "max_length",
  "seed",
];

/** The text that is scored until the visitor types another one. */
export const EXAMPLE = "eleanor";

const DEFAULTS: PageState = {
  model: "",
  runtime: "edge",
  n: "20",
  temperature: "1",
  top_k: "",
  top_p: "",
  prefix: "",
  min_length: "",
  max_length: "",
  seed: "",
  novel: false,
  unique: false,
  name: EXAMPLE,
};

/** How long the state must stay the same before the address is changed, in milliseconds: browsers allow 100 changes in 30 s. */
const ADDRESS_DELAY = 300;

/** The state of the page. */
export const state: Signal<PageState> = signal(DEFAULTS);

/** The chosen model. Its readers do not re-render on every keystroke. */
export const chosenModel: ReadonlySignal<string> = computed(() => state.value.model);

/** What runs the chosen model: one that was trained in this browser is not at the edge. */
export function runtimeOf({ runtime, model }: Pick<PageState, "runtime" | "model">): Runtime {
  return runtime === "edge" && isLocal(model) ? "wasm" : runtime;
}

/** What runs the chosen model. Its readers do not re-render on every keystroke. */
export const chosenRuntime: ReadonlySignal<Runtime> = computed(() => runtimeOf(state.value));

/** Changes a part of the state. */
export function change(part: Partial<PageState>): void {
  state.value = { ...state.value, ...part };
}

/** A random seed, short enough to read aloud. */
export function randomSeed(): string {
  return String(Math.floor(Math.random() * 1_000_000));
}

/** Reads the state from the query of an address. What it leaves out has its default; a seed is drawn. */
export function readState(query: string): PageState {
  const given = new URLSearchParams(query);
  const chosen = given.get("runtime") ?? given.get("place"); // "place" is in older links
  const read = (key: keyof PageState) => given.get(key) ?? String(DEFAULTS[key]);
  return {
    ...DEFAULTS,
    ...Object.fromEntries(SETTINGS.map((key) => [key, read(key)])),
    model: read("model"),
    name: read("name"),
    runtime: RUNTIMES.find((runtime) => runtime === chosen) ?? DEFAULTS.runtime,
    novel: given.get("novel") === "true",
    unique: given.get("unique") === "true",
    seed: given.get("seed") ?? randomSeed(),
  };
}

/** Writes the state as the query that {@link readState} reads. */
export function writeState(state: PageState): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(state)) {
    if (value !== DEFAULTS[key as keyof PageState]) query.set(key, String(value));
  }
  return query.toString();
}

/** The address of the page that restores a state. */
export function stateAddress(state: PageState): URL {
  const address = new URL(location.href);
  address.search = writeState(state);
  return address;
}

/** Reads the state from the page's address, and keeps the two equal. */
export function followAddress(): void {
  state.value = readState(location.search);
  let timer: ReturnType<typeof setTimeout> | undefined;
  addEventListener("popstate", () => void (state.value = readState(location.search)));
  effect(() => {
    const { href } = stateAddress(state.value);
    clearTimeout(timer);
    timer = setTimeout(() => history.replaceState(null, "", href), ADDRESS_DELAY);
  });
}

/** The path that generates names with the settings of a state. */
export function generatePath({ model, novel, unique, ...state }: PageState): string {
  const query = new URLSearchParams();
  for (const key of SETTINGS) {
    if (state[key] !== "" && !(key === "temperature" && state[key] === "1")) query.set(key, state[key]);
  }
  if (novel) query.set("novel", "true");
  if (unique) query.set("unique", "true");
  if (model) query.set("model", nameOf(model));
  return `/generate?${query}`;
}

/** The path that scores the name of a state. */
export function scorePath({ model, name }: Pick<PageState, "model" | "name">): string {
  return `/score?${new URLSearchParams({ name, ...(model && { model: nameOf(model) }) })}`;
}

/** The path that tells what may follow the name of a state. */
export function nextPath({ model, name }: Pick<PageState, "model" | "name">): string {
  return `/next?${new URLSearchParams({ prefix: name, ...(model && { model: nameOf(model) }) })}`;
}
