import process from "node:process";
import { openOnnxModel } from "../functions/inference/onnx_model.ts";
import { WASM_RUNTIME } from "../functions/inference/onnx_runtime.ts";
import { nounOf } from "../shared/noun.ts";
import { MODELS_DIRECTORY } from "../trainer/commands/arguments.ts";
import type { CommandLine } from "../trainer/commands/command_line.ts";
import { quote } from "../trainer/commands/next_steps.ts";
import { startOnnxRuntime } from "./model.ts";
import { startTensorFlow } from "./tensorflow.ts";

/** Where `edgemore serve` listens if nothing else is said. */
export const DEFAULT_ADDRESS = { host: "127.0.0.1", port: 8000 };

/** The command, as it was called. */
const EDGEMORE = process.env.npm_command === "exec" ? "npx edgemore" : "edgemore";

/** The command line of the package. It samples and scores with ONNX Runtime, as its server does. */
export const edgemoreCommand: CommandLine = {
  call: (command) => `edgemore ${nameOf(command)}`,
  callAgain: (command) => `${EDGEMORE} ${nameOf(command)}`,
  nextSteps(card, directory) {
    const models = directory === MODELS_DIRECTORY ? "" : ` --models ${quote(directory)}`;
    const { host, port } = DEFAULT_ADDRESS;
    return `Next:
  print ${nounOf(card)} that it makes: ${EDGEMORE} sample ${card.name}${models}
  serve it: ${EDGEMORE} serve${models}
  and request: http://${host}:${port}/generate?model=${card.name}`;
  },
  async openLanguageModel({ onnx, card }) {
    await startOnnxRuntime();
    return await openOnnxModel(onnx, card, WASM_RUNTIME);
  },
  startTensorFlow,
};

/** The name of a task of the project, as a command of the package. */
function nameOf(task: string): string {
  return task === "start" ? "serve" : task;
}
