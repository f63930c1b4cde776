import { spawn } from "node:child_process";
import process from "node:process";
import { onTestFinished } from "vitest";

/** How long a program may run, in milliseconds: none outlives its test for long. */
const LONGEST = 300_000;

/** How a program ended. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A running program. */
export interface Program {
  /** The id of its process. */
  pid: number;
  /** Sends it a signal, as Ctrl-C does. */
  signal(name: "SIGINT" | "SIGTERM" | "SIGKILL"): void;
  /** Resolves when it has ended. */
  ended: Promise<Ended>;
  /** Resolves when it has printed, on either stream, what the pattern asks for; rejects if it ends before. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
}

/** Starts Deno with some arguments. */
export function startDeno(args: string[], environment: Record<string, string> = {}): Program {
  return startProgram(process.execPath, args, environment);
}

/** Starts any program. */
export function startProgram(
  command: string,
  args: string[],
  environment: Record<string, string> = {},
): Program {
  const child = spawn(command, args, { env: { ...process.env, NO_COLOR: "1", ...environment } });
  const watchdog = setTimeout(() => child.kill("SIGKILL"), LONGEST);
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => void (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => void (stderr += text));
  let running = true;
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code) => {
      running = false;
      clearTimeout(watchdog);
      resolve({ code, stdout, stderr });
    });
  });
  return {
    pid: child.pid!,
    // Not child.kill: after that, Deno reports the signal as the end, whatever the program ended with.
    signal: (name) => void (running && process.kill(child.pid!, name)),
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

/** Runs the trainer's command line with the permissions of its tasks, for the length of a test. */
export function startTrainer(args: string[]): Program {
  const program = startDeno(["run", "--quiet", "-P=trainer", "--allow-write", "trainer/main.ts", ...args]);
  onTestFinished(() => program.signal("SIGTERM"));
  return program;
}

/** A server that runs. */
export interface Server {
  /** The id of its process, which may have started others. */
  pid: number;
  /** Where it answers, as http://host:port. */
  address: string;
  /** Resolves when it has printed what the pattern asks for. */
  printed: Program["printed"];
  /** Ends it, and waits until it has ended. */
  end(): Promise<void>;
}

/**
 * Starts a server that is a Deno task.
 *
 * @param ready What it prints when it answers; its first group is its address.
 */
export async function startServer(
  task: string[],
  ready: RegExp,
  environment: Record<string, string> = {},
): Promise<Server> {
  const program = startDeno(["task", ...task], environment);
  const end = async () => {
    program.signal("SIGTERM");
    await program.ended;
  };
  try {
    return { pid: program.pid, address: (await program.printed(ready))[1], printed: program.printed, end };
  } catch (error) {
    await end();
    throw error;
  }
}
