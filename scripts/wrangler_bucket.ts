import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
/** What wrangler prints for an object that is not there. */
const MISSING = "The specified key does not exist";

/** Where wrangler finds a bucket. */
export interface WranglerOptions {
  /** Its configuration file. */
  config: string;
  /** Whether the bucket is that of `wrangler dev` on this machine. */
  local?: boolean;
  /** Where wrangler keeps the local one. */
  persistTo?: string;
}

/** An R2 bucket, through wrangler. */
export class WranglerBucket {
  readonly #name: string;
  readonly #flags: string[];
  readonly #scratch: string;

  /**
   * @param name The bucket's name.
   * @param scratch A directory for the files that wrangler reads and writes.
   */
  constructor(name: string, { local, persistTo, config }: WranglerOptions, scratch: string) {
    this.#name = name;
    this.#flags = ["--config", config, local ? "--local" : "--remote"];
    if (persistTo !== undefined) this.#flags.push("--persist-to", persistTo);
    this.#scratch = scratch;
  }

  /** Reads an object; null if there is none. */
  async get(key: string): Promise<Uint8Array | null> {
    const file = join(this.#scratch, `get-${key.replaceAll("/", "-")}`);
    const { code, output } = await this.#run("get", key, "--file", file);
    if (code === 0) return await readFile(file);
    if (output.includes(MISSING)) return null;
    throw new Error(`cannot read ${key} from the bucket ${this.#name}: ${output.trim()}`);
  }

  async put(key: string, bytes: Uint8Array, type: string): Promise<void> {
    const file = join(this.#scratch, `put-${key.replaceAll("/", "-")}`);
    await writeFile(file, bytes);
    const { code, output } = await this.#run("put", key, "--file", file, "--content-type", type, "--force");
    if (code !== 0) throw new Error(`cannot write ${key} to the bucket ${this.#name}: ${output.trim()}`);
  }

  async delete(key: string): Promise<void> {
    const { code, output } = await this.#run("delete", key);
    if (code !== 0) throw new Error(`cannot delete ${key} from the bucket ${this.#name}: ${output.trim()}`);
  }

  async #run(
    operation: string,
    key: string,
    ...flags: string[]
  ): Promise<{ code: number | null; output: string }> {
    const words = ["wrangler", "r2", "object", operation, `${this.#name}/${key}`, ...flags, ...this.#flags];
    // As a task, so that Deno finds wrangler and runs it in place of Node.
    const child = spawn(process.execPath, ["task", "--quiet", "--eval", words.map(quoted).join(" ")], {
      cwd: PROJECT,
      env: { ...process.env, NO_COLOR: "1" },
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => void (output += text));
    }
    return await new Promise((resolve, reject) => {
      child.on("error", reject).on("close", (code) => resolve({ code, output }));
    });
  }
}

/** A word of a command, as the shell of Deno's tasks reads it. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'"'"'`)}'`;
}
