/// <reference lib="dom" />
import { type Signal, signal } from "@preact/signals";
import type { ModelCard } from "../shared/model_card.ts";
import { pinnedReference } from "../functions/inference/model_reference.ts";
import { type Ask, askEdge } from "./ask_edge.ts";
import { Failure } from "./failure.ts";
import type { BrowserPlace, Place } from "./page_state.ts";

/** What is under way in the browser, in words; "" where nothing is. */
export const loading: Signal<string> = signal("");

/** The applications that run in this browser, by model and place: each is opened once. */
const opened = new Map<string, Promise<Ask>>();

/** The references that pin the server's models to their files, by name. */
const pins = new Map<string, string>();

/** Notes which files the server's models have. From then on questions are pinned to them: the browser keeps the answers. */
export function pinModels(cards: readonly ModelCard[]): void {
  for (const { name, sha256 } of cards) pins.set(name, pinnedReference(name, sha256));
}

/** Asks the server about a model, pinned to its file where that is known. */
async function askPinned(path: string, model: string, signal?: AbortSignal): Promise<Response> {
  const pin = pins.get(model);
  if (pin === undefined) return await askEdge(path, signal);
  const { pathname, searchParams } = new URL(path, location.href);
  searchParams.set("model", pin);
  const response = await askEdge(`${pathname}?${searchParams}`, signal);
  if (response.status !== 404) return response;
  pins.delete(model); // it was trained anew
  return await askEdge(path, signal);
}

/**
 * Who answers for a model at a place. The first to ask for one in the browser waits until it is loaded.
 *
 * @param model Its name; "" where it is not known yet, or the question is about no model.
 */
export function askAt(place: Place, model: string): Promise<Ask> {
  if (place === "edge") return Promise.resolve((path, signal) => askPinned(path, model, signal));
  const key = `${model} ${place}`;
  const open = opened.get(key) ?? openInBrowser(place, model);
  opened.set(key, open);
  open.catch(() => opened.delete(key)); // the next to ask tries again
  return open;
}

async function openInBrowser(place: BrowserPlace, model: string): Promise<Ask> {
  try {
    loading.value = `Loading ONNX Runtime and the model ${model} …`;
    const { openModel } = await import("./browser_place.ts").catch(() =>
      Promise.reject(Failure.unreachable())
    );
    return await openModel(place, model);
  } catch (error) {
    throw new Failure(
      `${place === "wasm" ? "WebAssembly" : "WebGPU"} cannot run here: ${Failure.from(error).message}`,
    );
  } finally {
    loading.value = "";
  }
}
