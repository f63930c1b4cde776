/// <reference lib="dom" />
import { pinnedReference } from "../functions/inference/model_reference.ts";
import type { ModelCard } from "../shared/model_card.ts";
import { Failure } from "./failure.ts";

/** Requests a path of the API. */
export type ApiFetch = (path: string, signal?: AbortSignal) => Promise<Response>;

/** The references that pin the server's models to their files, by name. */
const pins = new Map<string, string>();

/** Pins later requests to the files that the models have now, so that the browser can cache the answers. */
export function pinModels(cards: readonly ModelCard[]): void {
  for (const { name, sha256 } of cards) pins.set(name, pinnedReference(name, sha256));
}

/**
 * Requests a path from the server.
 *
 * @throws {Failure} If the server cannot be reached.
 */
export async function fetchFromEdge(path: string, signal?: AbortSignal): Promise<Response> {
  try {
    return await fetch(path, { signal });
  } catch (error) {
    throw error instanceof TypeError ? Failure.unreachable() : error; // an abort is no TypeError
  }
}

/** Requests a path about a model from the server, pinned to the model's file where that is known. */
export async function fetchPinned(path: string, model: string, signal?: AbortSignal): Promise<Response> {
  const pin = pins.get(model);
  if (pin === undefined) return await fetchFromEdge(path, signal);
  const { pathname, searchParams } = new URL(path, location.href);
  searchParams.set("model", pin);
  const response = await fetchFromEdge(`${pathname}?${searchParams}`, signal);
  if (response.status !== 404) return response;
  pins.delete(model); // the model was trained anew
  return await fetchFromEdge(path, signal);
}
