/// <reference lib="dom" />
import { Failure } from "./failure.ts";

/** Asks the API for a path. */
export type Ask = (path: string, signal?: AbortSignal) => Promise<Response>;

/** Asks the server. */
export async function askEdge(path: string, signal?: AbortSignal): Promise<Response> {
  try {
    return await fetch(path, { signal });
  } catch (error) {
    throw error instanceof TypeError ? Failure.unreachable() : error; // an abort is no TypeError
  }
}
