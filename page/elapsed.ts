import type { Asked } from "./use_answer.ts";

const WHERE = {
  edge: "at the edge",
  wasm: "in this browser by WebAssembly",
  webgpu: "in this browser by WebGPU",
};

/** Where an answer came from and how long it took, in words. */
export function elapsed({ milliseconds, place }: Asked<unknown>): string {
  if (milliseconds === undefined || !place) return "";
  return `${milliseconds < 10 ? milliseconds.toFixed(1) : milliseconds.toFixed(0)} ms ${WHERE[place]}`;
}
