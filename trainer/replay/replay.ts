import type { Replay } from "./document.ts";
import { replayBigram } from "./bigram.ts";
import { replayInitialisation } from "./initialisation.ts";
import { replayMlp } from "./mlp.ts";
import { replayNotes } from "./notes.ts";
import { replayWavenet } from "./wavenet.ts";

/** Every document, by its name on the command line. */
export const notebooks = {
  bigram: { title: "Bigram language model", replay: replayBigram },
  mlp: { title: "MLP", replay: replayMlp },
  notes: { title: "MLP notes", replay: replayNotes },
  initialisation: { title: "Initialisation and batch normalization", replay: replayInitialisation },
  wavenet: { title: "A deeper network: WaveNet's tree", replay: replayWavenet },
} as const satisfies Record<string, { title: string; replay: Replay }>;
export type NotebookName = keyof typeof notebooks;
