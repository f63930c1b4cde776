import { createReadStream } from "node:fs";
import { collectList } from "../shared/training_names.ts";
import { readFailure } from "./read_failure.ts";

/** Limits of a list that is fetched, in milliseconds. */
export interface FetchLimits {
  /** Until the first byte of the response, connecting and redirects included. */
  toFirstByte: number;
  /** Until the last byte. */
  inAll: number;
}
/** 64 MiB in five minutes is 1.8 Mbit/s. */
export const FETCH_LIMITS: FetchLimits = { toFirstByte: 30_000, inAll: 300_000 };

/** Whether the source of a list is a URL, not a path. */
export function isUrl(source: string): boolean {
  return /^https?:/i.test(source);
}

/**
 * Reads the bytes of a list. Reading ends with an error after {@link MAX_LIST_BYTES}.
 *
 * @param source A path, which may be a pipe, or an http(s) URL.
 * @param limits Timeouts of fetching.
 * @throws {Error} If it cannot be read, is too large, or takes too long.
 */
export async function readListBytes(
  source: string,
  limits: FetchLimits = FETCH_LIMITS,
): Promise<Uint8Array<ArrayBuffer>> {
  return isUrl(source) ? await fetchBytes(source, limits) : await readBytes(source);
}

async function fetchBytes(
  source: string,
  { toFirstByte, inAll }: FetchLimits,
): Promise<Uint8Array<ArrayBuffer>> {
  const controller = new AbortController();
  const abortAfter = (milliseconds: number, what: string) =>
    setTimeout(() => controller.abort(new Error(`${what} after ${milliseconds / 1000} s`)), milliseconds);
  const timers = [
    abortAfter(toFirstByte, "the server has not begun to answer"),
    abortAfter(inAll, "the server has not ended its answer"),
  ];
  try {
    const response = await fetch(source, { signal: controller.signal });
    clearTimeout(timers[0]);
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`the server answered ${response.status}`);
    }
    return await collectList(response.body ?? []);
  } catch (error) {
    const { message, cause } = error as Error; // that of fetch is "fetch failed", and its cause says why
    throw new Error(`Cannot fetch the list ${source}: ${cause instanceof Error ? cause.message : message}`);
  } finally {
    timers.forEach(clearTimeout);
    controller.abort();
  }
}

async function readBytes(source: string): Promise<Uint8Array<ArrayBuffer>> {
  const fail = (reason: string): never => {
    throw new Error(`Cannot read the list ${source || '""'}: ${reason}`);
  };
  if (source === "") fail("its path is empty");
  const [, scheme] = /^([a-z][a-z0-9+.-]+):\/\//i.exec(source) ?? [];
  if (scheme !== undefined) fail(`lists are fetched by http and https, not ${scheme}`);
  try {
    return await collectList(createReadStream(source));
  } catch (error) {
    return fail(readFailure(source, error as Error));
  }
}
