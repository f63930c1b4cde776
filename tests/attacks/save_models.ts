/*
 * Saves the models of a JSON file one after the other, to be killed meanwhile:
 *
 *     deno run -A tests/attacks/save_models.ts DIRECTORY JOBS [STEP]
 *
 * With a number as STEP it kills itself before its STEPth call that changes a file. Without one it prints these calls.
 */
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { saveModel } from "../../trainer/save_model.ts";
import type { SaveJob } from "./save_job.ts";

const [directory, jobsFile, step] = Deno.args;
const jobs: SaveJob[] = JSON.parse(await readFile(jobsFile, "utf8"));

const calls: string[] = [];
/** Comes before each call that changes a file. */
function comesTo(call: string): void {
  calls.push(call);
  if (calls.length === Number(step)) Deno.kill(Deno.pid, "SIGKILL");
}

const { open, rename, remove } = Deno;
Object.assign(Deno, {
  async open(path: string, options?: Deno.OpenOptions): Promise<Deno.FsFile> {
    const name = path === directory ? "the directory" : basename(path);
    comesTo(`open ${name}`);
    const file = await open(path, options);
    const { lock, write, sync, close } = file;
    return Object.assign(file, {
      lock(exclusive?: boolean): Promise<void> {
        comesTo(`lock ${name}`);
        return lock.call(file, exclusive);
      },
      async write(bytes: Uint8Array): Promise<number> {
        comesTo(`write the first half of ${name}`);
        const written = await write.call(file, bytes.subarray(0, bytes.length >> 1));
        comesTo(`write the rest of ${name}`);
        return written + await write.call(file, bytes.subarray(written));
      },
      sync(): Promise<void> {
        comesTo(`sync ${name}`);
        return sync.call(file);
      },
      close(): void {
        comesTo(`close ${name}`);
        close.call(file);
      },
    });
  },
  rename(from: string, to: string): Promise<void> {
    comesTo(`rename ${basename(from)} to ${basename(to)}`);
    return rename(from, to);
  },
  remove(path: string): Promise<void> {
    comesTo(`remove ${basename(path)}`);
    return remove(path);
  },
});

for (const { card, onnx, list } of jobs) {
  await saveModel(directory, { onnx: Uint8Array.fromBase64(onnx), list: Uint8Array.fromBase64(list) }, card);
}
if (step === undefined) console.log(JSON.stringify(calls));
