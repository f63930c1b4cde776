/// <reference lib="dom" />
import { type Signal, signal } from "@preact/signals";

/** The width of a phone; generate.css has the same. */
const PHONE = matchMedia("(max-width: 34rem)");

/** Whether the window is as narrow as a phone's: what the page makes then comes before what explains it. */
export const narrow: Signal<boolean> = signal(PHONE.matches);

PHONE.addEventListener("change", ({ matches }) => void (narrow.value = matches));
