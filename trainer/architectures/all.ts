import type { Architecture } from "../architecture.ts";
import { bigram } from "./bigram.ts";
import { bigramNetwork } from "./bigram_network.ts";
import { bow } from "./bow.ts";
import { gru } from "./gru.ts";
import { lstm } from "./lstm.ts";
import { mlp } from "./mlp.ts";
import { rnn } from "./rnn.ts";
import { transformer } from "./transformer.ts";
import { wavenet } from "./wavenet.ts";

/** Every architecture. A new one is a file in this directory and a line here. */
export const architectures: readonly Architecture[] = [
  bigram,
  bigramNetwork,
  mlp,
  bow,
  wavenet,
  rnn,
  gru,
  lstm,
  transformer,
];

/**
 * Finds an architecture by its name.
 *
 * @throws {RangeError} If there is none of this name.
 */
export function findArchitecture(name: string): Architecture {
  const found = architectures.find((architecture) => architecture.name === name);
  if (found) return found;
  const known = architectures.map((architecture) => architecture.name).join(", ");
  throw new RangeError(`Cannot find architecture ${JSON.stringify(name)}: there are ${known}`);
}
