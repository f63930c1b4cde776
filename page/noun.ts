import { type Signal, signal } from "@preact/signals";

/** What the things of the chosen model are called, in the plural; "things" until its card has come. */
export const noun: Signal<string> = signal("things");

/** A number of things in words. A list has a plural only, so a single one is "1 of the names". */
export function counted(count: number, noun: string): string {
  return count === 1 ? `1 of the ${noun}` : `${count.toLocaleString("en")} ${noun}`;
}
