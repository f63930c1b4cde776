/// <reference lib="dom" />
import { computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";

/** Where models can run. */
export const PLACES = ["edge", "wasm", "webgpu"] as const;
export type Place = typeof PLACES[number];
/** A place in this browser. */
export type BrowserPlace = Exclude<Place, "edge">;

/**
 * What a visitor has chosen and typed, each as the text of its field: it stands in the address of the page, so that a
 * link brings it back, and goes to the API as it is, which says what is wrong with it. "" is the API's own default.
 */
export interface PageState {
  /** "" is the server's default model. */
  model: string;
  place: Place;
  n: string;
  temperature: string;
  top_k: string;
  top_p: string;
  prefix: string;
  min_length: string;
  max_length: string;
  seed: string;
  novel: boolean;
  /** The name to score. */
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

const DEFAULTS: PageState = {
  model: "",
  place: "edge",
  n: "20",
  temperature: "1",
  top_k: "",
  top_p: "",
  prefix: "",
  min_length: "",
  max_length: "",
  seed: "",
  novel: false,
  name: "eleanor",
};

/** How long the state must rest before the address follows, in milliseconds: browsers allow 100 changes in 30 s. */
const ADDRESS_REST = 300;

/** The state of the page. */
export const state: Signal<PageState> = signal(DEFAULTS);

/** The chosen model. Its readers do not re-render on every keystroke. */
export const chosenModel: ReadonlySignal<string> = computed(() => state.value.model);

/** Changes some of the state. */
export function change(part: Partial<PageState>): void {
  state.value = { ...state.value, ...part };
}

/** A seed that can be read aloud. */
export function randomSeed(): string {
  return String(Math.floor(Math.random() * 1_000_000));
}

/** The state that the query of an address asks for; what it leaves out is as always, the seed a random one. */
export function readState(query: string): PageState {
  const given = new URLSearchParams(query);
  const read = (key: keyof PageState) => given.get(key) ?? String(DEFAULTS[key]);
  return {
    ...DEFAULTS,
    ...Object.fromEntries(SETTINGS.map((key) => [key, read(key)])),
    model: read("model"),
    name: read("name"),
    place: PLACES.find((place) => place === given.get("place")) ?? DEFAULTS.place,
    novel: given.get("novel") === "true",
    seed: given.get("seed") ?? randomSeed(),
  };
}

/** The query that {@link readState} reads the state from. */
export function writeState(state: PageState): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(state)) {
    if (value !== DEFAULTS[key as keyof PageState]) query.set(key, String(value));
  }
  return query.toString();
}

/** The address that brings a state back. */
export function stateAddress(state: PageState): URL {
  const address = new URL(location.href);
  address.search = writeState(state);
  return address;
}

/** Takes the state from the address, and keeps it there. */
export function followAddress(): void {
  state.value = readState(location.search);
  let timer: ReturnType<typeof setTimeout> | undefined;
  addEventListener("popstate", () => void (state.value = readState(location.search)));
  effect(() => {
    const { href } = stateAddress(state.value);
    clearTimeout(timer);
    timer = setTimeout(() => history.replaceState(null, "", href), ADDRESS_REST);
  });
}

/** The path that asks for names as the state says. */
export function generatePath({ model, novel, ...state }: PageState): string {
  const query = new URLSearchParams();
  for (const key of SETTINGS) {
    if (state[key] !== "" && !(key === "temperature" && state[key] === "1")) query.set(key, state[key]);
  }
  if (novel) query.set("novel", "true");
  if (model) query.set("model", model);
  return `/generate?${query}`;
}

/** The path that asks how likely a name is. */
export function scorePath({ model, name }: Pick<PageState, "model" | "name">): string {
  return `/score?${new URLSearchParams({ name, ...(model && { model }) })}`;
}

/** The path that asks what comes next. */
export function nextPath({ model, name }: Pick<PageState, "model" | "name">): string {
  return `/next?${new URLSearchParams({ prefix: name, ...(model && { model }) })}`;
}
