/// <reference lib="dom" />
import { Failure } from "../failure.ts";
import { fetchFromEdge } from "../edge_runtime.ts";
import type { ListFile } from "./messages.ts";

/** The paths of the lists of trainer/data by file name; build_page.ts defines them. */
declare const LIST_FILES: Record<string, string>;

/** A list that comes along. trainer/data/README.md says where each is from. */
export interface SampleList {
  file: string;
  label: string;
  /** Whom to thank. */
  source: string;
  /** A file with the licence, where that must go along. */
  licence?: string;
}

export const SAMPLE_LISTS: readonly SampleList[] = [
  { file: "us-names-2018.txt", label: "US first names", source: "Social Security Administration, 2018" },
  { file: "french-communes-2026.txt", label: "French towns", source: "INSEE, 2026, Licence Ouverte 2.0" },
  {
    file: "english-words-2020.txt",
    label: "English words",
    source: "SCOWL, 2020",
    licence: "english-words-2020.LICENSE.txt",
  },
];

/** The address of a file of trainer/data on this server. */
export function listPath(file: string): string {
  return LIST_FILES[file];
}

/**
 * Downloads a list that comes along.
 *
 * @throws {Failure} If the server cannot be reached.
 */
export async function downloadList({ file }: SampleList): Promise<ListFile> {
  const response = await fetchFromEdge(listPath(file));
  if (!response.ok) throw await Failure.of(response);
  return { name: file, bytes: await response.bytes() };
}
