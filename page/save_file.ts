/// <reference lib="dom" />
import type { Answer } from "./use_answer.ts";

/** Saves a text as a file of the visitor's. */
export function saveFile(name: string, type: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address)); // after the download has begun
}

/** Names as text, one a line. */
export function textOf(names: Answer<"generate">["names"]): string {
  return names.map(({ name }) => `${name}\n`).join("");
}

/**
 * Names as CSV, after RFC 4180: their figures, and whether they are new where that is known. An infinite figure is empty.
 *
 * @param fresh The names that are not in the training list; null leaves the column out.
 */
export function csvOf(names: Answer<"generate">["names"], fresh: ReadonlySet<string> | null): string {
  const head = ["name", "nll", "perplexity", ...(fresh ? ["new"] : [])];
  const rows = names.map(({ name, nll, perplexity }) => [
    name,
    String(nll ?? ""),
    String(perplexity ?? ""),
    ...(fresh ? [String(fresh.has(name))] : []),
  ]);
  return [head, ...rows].map((row) => `${row.map(quoted).join(",")}\r\n`).join("");
}

function quoted(value: string): string {
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
