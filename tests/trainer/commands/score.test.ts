import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { serveModels } from "../../functions/serve_models.ts";
import { type Ended, startTrainer } from "../../processes.ts";
import { temporaryDirectory } from "../../temporary_directory.ts";

async function file(text: string): Promise<{ directory: string; path: string }> {
  const directory = await temporaryDirectory();
  const path = join(directory, "names.txt");
  await writeFile(path, text);
  return { directory, path };
}

function score(...args: string[]): Promise<Ended> {
  return startTrainer(["score", ...args]).ended;
}

describe("score", () => {
  test("writes what POST /score answers, to the precision of the two runtimes", async () => {
    const text = "Andrej\r\nr2\n\neleanor";
    const { path } = await file(text);
    const { code, stdout, stderr } = await score("--model", "gru", path);
    expect(code).toBe(2);
    expect(stderr).toContain(
      'line 2: The text has the character "2" at position 2, which model gru does not know',
    );
    expect(stderr).toContain("line 3: The text must be 1 to 256 characters");
    expect(stderr).toContain("4 lines, 2 of them with errors");
    const app = await serveModels();
    const served = await app.text("/score", {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: text,
    });
    const numbers = (ndjson: string) =>
      ndjson.trim().split("\n").map((line) =>
        JSON.parse(line, (_, value) => typeof value === "number" ? Number(value.toFixed(3)) : value)
      );
    expect(numbers(stdout)).toEqual(numbers(served));
  });

  test("writes CSV, whole, into a file", async () => {
    const { directory, path } = await file('ada\n"a,b"\n');
    const out = join(directory, "scores.csv");
    const { code, stdout } = await score("--model", "bigram", "--format", "csv", "--out", out, path);
    expect([code, stdout]).toEqual([2, ""]);
    const [head, ada, bad, end] = (await readFile(out, "utf8")).split("\r\n");
    expect(head).toBe("line,name,possible,log_likelihood,nll,perplexity,percentile,error");
    expect(ada).toMatch(/^1,ada,true,-\d+\.\d+,\d+\.\d+,\d+\.\d+,\d+\.\d+,$/);
    expect(bad).toMatch(/^2,"""a,b""",,,,,,"The text has the character ""\\"""" at position 1, /);
    expect(end).toBe("");
    expect((await readdir(directory)).sort()).toEqual(["names.txt", "scores.csv"]);
  });

  test("leaves the file that was there when it cannot write the new one", async () => {
    const { directory, path } = await file("ada\n");
    const out = join(directory, "out");
    await mkdir(join(out, "in the way"), { recursive: true });
    const { code, stderr } = await score("--model", "bigram", "--out", out, path);
    expect(code).toBe(1);
    expect(stderr).toContain("error: ");
    expect(await readdir(out)).toEqual(["in the way"]);
    expect((await readdir(directory)).sort()).toEqual(["names.txt", "out"]);
  });

  test("leaves the characters out when told so, and exits with 0 where all lines are good", async () => {
    const { path } = await file("ada\nbob");
    const { code, stdout } = await score("--model", "mlp", "--no-characters", path);
    expect(code).toBe(0);
    expect(stdout.trim().split("\n").map((line) => Object.keys(JSON.parse(line)))).toEqual(
      new Array(2).fill(["model", "name", "possible", "log_likelihood", "nll", "perplexity", "percentile"]),
    );
  });

  test.each([
    [["--model", "gru", "/no/such.txt"], "Cannot read /no/such.txt: there is no such file"],
    [["--model", "gru", "tests"], "Cannot read tests: it is a directory"],
    [["--model", "gpt", "README.md"], "Cannot load model gpt from models: gpt.json is missing"],
    [["README.md"], "required option '--model <name>' not specified"],
    [["--model", "gru", "--format", "xml", "README.md"], "Allowed choices are ndjson, csv"],
    [
      ["--model", "gru", "--out", "/no/such/file", "README.md"],
      "Cannot write /no/such/file: there is no such",
    ],
    [
      ["--model", "bigram", "--out", "README.md/x", "README.md"],
      "Cannot write README.md/x: there is no such directory",
    ],
    [["--model", "bigram", "--out", "tests", "README.md"], "Cannot write tests: it is a directory"],
  ])("refuses %j", async (args, message) => {
    const { code, stdout, stderr } = await score(...args);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("    at ");
  });
});
