/* What the test of WebGPU runs in a page. */
import { getBackend, ready, setBackend } from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-webgpu";
import { tensorflow } from "../../../trainer/backends/tensorflow.ts";
import { lossesOf, networks } from "./few_steps.ts";

/** The losses of a few steps with TensorFlow.js on WebGPU, and the name of what computed them. */
export async function train(name: keyof typeof networks): Promise<{ losses: number[]; on: string }> {
  if (!await setBackend("webgpu")) throw new Error("Cannot train: TensorFlow.js does not start on WebGPU");
  await ready();
  return { losses: await lossesOf(networks[name], tensorflow), on: getBackend() };
}
