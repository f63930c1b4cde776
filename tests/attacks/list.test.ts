import { spawn } from "node:child_process";
import { open, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import { createGzip } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import { composeLine, MAX_LINE_LENGTH } from "../../trainer/corpus.ts";
import { readList } from "../../trainer/list_file.ts";
import { MAX_LIST_BYTES } from "../../shared/training_names.ts";
import { readListBytes } from "../../trainer/list_bytes.ts";
import { startTrainer } from "../processes.ts";
import { temporaryDirectory } from "../temporary_directory.ts";

const TEN = Array.from({ length: 10 }, (_, i) => `name${i}`);

/** Starts a server for a list; returns the list's URL. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/list.txt`;
}

/** Endless zeros, in chunks of one MiB. */
function* zeros(): Generator<Uint8Array> {
  const chunk = new Uint8Array(2 ** 20);
  while (true) yield chunk;
}

/** Runs `deno task train` on a list. */
async function train(data: string): Promise<{ code: number | null; stderr: string }> {
  const directory = await temporaryDirectory();
  return await startTrainer(["train", "--data", data, "--out", directory, "--checkpoints", directory]).ended;
}

describe("a line that takes quadratic time to normalise", () => {
  /** A name whose combining marks are in the order that takes longest to normalise. */
  const marks = (count: number) => "a" + "\u0301".repeat(count / 2) + "\u0323".repeat(count / 2);

  test("is rejected before it is normalised", async () => {
    const list = join(await temporaryDirectory(), "list.txt");
    await writeFile(list, [...TEN, marks(80_000)].join("\n"));
    expect(await train(list)).toEqual({
      code: 1,
      stdout: "",
      stderr:
        `error: Cannot read the list ${list}: line 11 has 80001 UTF-16 units, more than 256 characters can take\n`,
    });
  });

  test("is rejected as a prefix", async () => {
    const { code, stderr } = await startTrainer(["sample", "bigram", "--prefix", marks(60_000)]).ended;
    expect(code).toBe(1);
    expect(stderr).toContain("It has 60001 UTF-16 units, more than 256 characters can take.");
    const long = await startTrainer(["sample", "bigram", "--prefix", "a".repeat(257)]).ended;
    expect(long.stderr).toContain("It has 257 characters, the most is 256.");
  });

  test("exceeds a limit that accepts every line of 256 characters, composed or decomposed", () => {
    let max = 0;
    for (let code = 0; code <= 0x10ffff; code++) {
      if (code >= 0xd800 && code <= 0xdfff) continue;
      const character = String.fromCodePoint(code);
      if (character.normalize("NFC") !== character) continue; // does not occur in NFC
      max = Math.max(max, Array.from(character.normalize("NFD")).length);
    }
    expect(max).toBe(4);
    const line = "\u1f82".repeat(MAX_LINE_LENGTH); // decomposes to four code points
    expect(line.normalize("NFD")).toHaveLength(4 * MAX_LINE_LENGTH);
    expect(composeLine(line.normalize("NFD"))).toBe(line);
    expect(composeLine("𝔸".repeat(MAX_LINE_LENGTH))).toHaveLength(2 * MAX_LINE_LENGTH);
  });
});

describe("the limit of a list", () => {
  test("ends the download of an endless list, and counts decompressed bytes", async () => {
    let closed = () => {};
    const disconnected = new Promise<void>((resolve) => closed = resolve);
    const url = await serve((_request, response) => {
      response.writeHead(200, { "content-type": "text/plain", "content-encoding": "gzip" }).on(
        "close",
        closed,
      );
      const gzip = createGzip();
      Readable.from(zeros()).pipe(gzip).pipe(response);
      response.on("close", () => gzip.destroy());
    });
    expect(await train(url)).toEqual({
      code: 1,
      stdout: "",
      stderr: `error: Cannot fetch the list ${url}: it has more than 64 MiB, which is the most for a list\n`,
    });
    await disconnected;
  });

  test("ends the reading of an endless file", async () => {
    const sparse = join(await temporaryDirectory(), "sparse.txt");
    const file = await open(sparse, "w");
    await file.truncate(20e9);
    await file.close();
    for (const path of ["/dev/zero", sparse]) {
      await expect(readList(path)).rejects.toThrow(
        `Cannot read the list ${path}: it has more than 64 MiB, which is the most for a list`,
      );
    }
  });

  test("allows 64 MiB, and no byte more", async () => {
    const path = join(await temporaryDirectory(), "list.txt");
    const file = await open(path, "w");
    await file.truncate(MAX_LIST_BYTES);
    expect(await readListBytes(path)).toHaveLength(2 ** 26);
    await file.truncate(MAX_LIST_BYTES + 1);
    await expect(readListBytes(path)).rejects.toThrow("it has more than 64 MiB");
    await file.close();
  });
});

test("a list is read from a pipe like from a file", async () => {
  const command = `deno run -A trainer/main.ts train --data <(seq 100) --architecture bigram --out "$0"`;
  const child = spawn("bash", ["-c", command, await temporaryDirectory()]);
  expect(await new Promise((resolve) => child.on("close", resolve))).toBe(0);
});

describe("fetching a list", () => {
  test("fails if the server does not start to answer in time", async () => {
    const url = await serve(() => {});
    await expect(readListBytes(url, { toFirstByte: 200, inAll: 60_000 })).rejects.toThrow(
      `Cannot fetch the list ${url}: the server has not begun to answer after 0.2 s`,
    );
  });

  test("fails if the server does not finish its answer in time", async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write("a\n"), 20);
      response.on("close", () => clearInterval(drip));
    });
    await expect(readListBytes(url, { toFirstByte: 60_000, inAll: 400 })).rejects.toThrow(
      `Cannot fetch the list ${url}: the server has not ended its answer after 0.4 s`,
    );
  });

  test("succeeds if the server is slow within the limits", async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200).write("ada\n");
      setTimeout(() => response.end("bob\n"), 500);
    });
    const bytes = await readListBytes(url, { toFirstByte: 200, inAll: 60_000 });
    expect(new TextDecoder().decode(bytes)).toBe("ada\nbob\n");
  });
});
