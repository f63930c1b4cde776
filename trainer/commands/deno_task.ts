import { dirname, relative } from "node:path";
import { DEFAULT_LIST } from "../list_file.ts";
import { mapValues, toTensor } from "../parameters.ts";
import { startTensorFlow } from "../tensorflow.ts";
import { tensorFlowModel } from "../tensorflow_model.ts";
import type { CommandLine } from "./command_line.ts";
import { DENO, nextSteps } from "./next_steps.ts";

/** The command line of this project, as tasks of Deno. */
export const denoTask: CommandLine = {
  call: (command) => `deno task ${command}`,
  callAgain: (command) => `${DENO} task ${command}`,
  nextSteps,
  lists: dirname(DEFAULT_LIST),
  defaultList: {
    path: DEFAULT_LIST,
    description: `${relative(".", DEFAULT_LIST)}, names given in the United States in 2018`,
  },
  openLanguageModel: ({ network, parameters }) =>
    Promise.resolve(tensorFlowModel(network, mapValues(parameters, toTensor))),
  startTensorFlow,
};
