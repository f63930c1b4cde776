/*
 * Saves the models of a JSON file one after the other; for tests that kill it meanwhile:
 *
 *     deno run -A tests/attacks/save_models.ts DIRECTORY JOBS [STEP]
 *
 * With a number as STEP, it kills itself before the STEPth call that changes a file. Without one, it prints these calls.
 */
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { ModelCard } from "../../shared/model_card.ts";
import { saveModel } from "../../trainer/save_model.ts";

/** A model to save, as JSON; bytes are in base64. */
export interface SaveJob {
  card: ModelCard;
  /** The ONNX file. */
  onnx: string;
  /** The training list. */
  list: string;
}

const [directory, jobsFile, step] = Deno.args;
const jobs: SaveJob[] = JSON.parse(await readFile(jobsFile, "utf8"));

const calls: string[] = [];
/** Records a call that changes a file, or kills the process before it. */
function record(call: string): void {
  calls.push(call);
  if (calls.length === Number(step)) Deno.kill(Deno.pid, "SIGKILL");
}

const { open, rename, remove } = Deno;
Object.assign(Deno, {
  async open(path: string, options?: Deno.OpenOptions): Promise<Deno.FsFile> {
    const name = path === directory ? "the directory" : basename(path);
    record(`open ${name}`);
    const file = await open(path, options);
    const { lock, write, sync, close } = file;
    return Object.assign(file, {
      lock(exclusive?: boolean): Promise<void> {
        record(`lock ${name}`);
        return lock.call(file, exclusive);
      },
      async write(bytes: Uint8Array): Promise<number> {
        record(`write the first half of ${name}`);
        const written = await write.call(file, bytes.subarray(0, bytes.length >> 1));
        record(`write the rest of ${name}`);
        return written + await write.call(file, bytes.subarray(written));
      },
      sync(): Promise<void> {
        record(`sync ${name}`);
        return sync.call(file);
      },
      close(): void {
        record(`close ${name}`);
        close.call(file);
      },
    });
  },
  rename(from: string, to: string): Promise<void> {
    record(`rename ${basename(from)} to ${basename(to)}`);
    return rename(from, to);
  },
  remove(path: string): Promise<void> {
    record(`remove ${basename(path)}`);
    return remove(path);
  },
});

for (const { card, onnx, list } of jobs) {
  await saveModel(directory, { onnx: Uint8Array.fromBase64(onnx), list: Uint8Array.fromBase64(list) }, card);
}
if (step === undefined) console.log(JSON.stringify(calls));
