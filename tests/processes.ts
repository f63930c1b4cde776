import { spawn } from "node:child_process";
import process from "node:process";
import { onTestFinished } from "vitest";

/** How a program ended. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A running Deno program. */
export interface Program {
  /** Interrupts it as Ctrl-C does. */
  interrupt(): void;
  /** Resolves when it has ended. */
  ended: Promise<Ended>;
  /** Resolves when it has printed, on either stream, what the pattern asks for; rejects if it ends before. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
}

/** Starts Deno with some arguments. The process is killed when the test ends, if it has not ended by then. */
export function startDeno(args: string[], environment: Record<string, string> = {}): Program {
  const child = spawn(process.execPath, args, { env: { ...process.env, NO_COLOR: "1", ...environment } });
  onTestFinished(() => void child.kill("SIGKILL"));
  let [stdout, stderr] = ["", ""];
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
  child.stdout.setEncoding("utf8").on("data", (text: string) => void (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => void (stderr += text));
  return {
    // Not child.kill: after that, Deno reports the signal as the end, whatever the program ended with.
    interrupt: () => void process.kill(child.pid!, "SIGINT"),
    ended,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(stdout) ?? pattern.exec(stderr);
          if (found) resolve(found);
        };
        child.stdout.on("data", look);
        child.stderr.on("data", look);
        look();
        ended.then(() => reject(new Error(`It ended without printing ${pattern}:\n${stdout}\n${stderr}`)));
      }),
  };
}

/** Runs the trainer's command line with the permissions of its tasks. */
export function startTrainer(args: string[]): Program {
  return startDeno([
    "run",
    "--allow-read",
    "--allow-write",
    "--allow-net",
    "--allow-env",
    "trainer/main.ts",
    ...args,
  ]);
}
