import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { describe, expect, onTestFinished, test } from "vitest";
import { makeCorpus, parseList } from "../../trainer/corpus.ts";
import { DEFAULT_LIST, readList } from "../../trainer/list_file.ts";
import { makeExamples } from "../../trainer/examples.ts";
import { describeWithNames } from "../notebook_names.ts";
import { temporaryDirectory } from "../temporary_directory.ts";

const TEN = Array.from({ length: 10 }, (_, i) => `name${i}`);

/** Writes a list and returns its path. */
async function listOf(content: string | Uint8Array): Promise<string> {
  const path = join(await temporaryDirectory(), "list.txt");
  await writeFile(path, content);
  return path;
}

/** Serves an answer to every request, and returns a URL under which it is found. */
async function serve(status: number, body: string): Promise<string> {
  const server = createServer((_request, response) => response.writeHead(status).end(body));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/lists/pets.txt?raw=1`;
}

describe("readList", () => {
  test("reads one thing a line, with any line ends, without blank lines and a byte order mark", async () => {
    const list = await readList(
      await listOf("\ufeff" + TEN.slice(0, 5).join("\r\n") + "\r\n\r\n  \n" + TEN.slice(5).join("\n")),
    );
    expect(list.lines).toEqual(TEN);
    expect(list.name).toBe("list.txt");
  });

  test("keeps spaces, dots, capitals and other alphabets, composed", async () => {
    const lines = [" a b ", "St. Ives", "李明", "Zoe\u0308", ...TEN];
    expect((await readList(await listOf(lines.join("\n")))).lines).toEqual([
      " a b ",
      "St. Ives",
      "李明",
      "Zo\u00eb",
      ...TEN,
    ]);
  });

  test("hashes the bytes of the file", async () => {
    const { sha256 } = await readList(DEFAULT_LIST);
    expect(sha256).toBe("bd02dfd33179e23ec2dd093cbd4de619834f75d660ef1ae04d3127e7a0110053");
  });

  test("reads from a URL", async () => {
    const list = await readList(await serve(200, TEN.join("\n")));
    expect(list.lines).toEqual(TEN);
    expect(list.name).toBe("pets.txt");
  });

  test.each([
    ["", "it is empty"],
    ["\n \r\n\n", "it has only blank lines"],
    ["a\n", "it has 1 line, and 10 is the fewest"],
    ["a\nb\n", "it has 2 lines, and 10 is the fewest"],
    ["a\nb\n".repeat(10), "it has 20 lines, 2 of them different, and 10 is the fewest"],
    [TEN.slice(0, 9).concat(TEN[0]).join("\n"), "it has 10 lines, 9 of them different, and 10 is the fewest"],
    [Uint8Array.of(0xff, 0xfe, 97, 0, 10, 0), "it is UTF-16 text; save it with the encoding UTF-8"],
    [Uint8Array.of(0xfe, 0xff, 0, 97, 0, 10), "it is UTF-16 text; save it with the encoding UTF-8"],
    [[...TEN, "x".repeat(257)].join("\n"), "line 11 has 257 characters, the most is 256"],
    [[...TEN, "a\0b"].join("\n"), "it is binary, not text (byte 0x00 in line 11, column 2)"],
    [Uint8Array.of(...new TextEncoder().encode("ä\nb\n"), 0xe4, 10), "it is not UTF-8 text (line 3)"],
    [Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0), "it is not UTF-8 text (line 1)"],
  ])("refuses %j and says why", async (content, reason) => {
    const path = await listOf(content);
    await expect(readList(path)).rejects.toThrow(`Cannot read the list ${path}: ${reason}`);
  });

  test("refuses bytes of more than 64 MiB, which a page may hand over", async () => {
    await expect(parseList(new Uint8Array(64 * 2 ** 20 + 1).fill(97), "list.txt")).rejects.toThrow(
      "Cannot read the list list.txt: it has more than 64 MiB, which is the most for a list",
    );
  });

  test("takes lines of 256 characters, however many bytes or code units", async () => {
    const { lines } = await readList(await listOf([...TEN, "𝔸".repeat(256)].join("\n")));
    expect(lines.length).toBe(11);
  });

  test("says what cannot be read or fetched", async () => {
    await expect(readList("/no/such/list.txt")).rejects.toThrow(
      "Cannot read the list /no/such/list.txt: there is no such file",
    );
    await expect(readList("no_such_list.txt")).rejects.toThrow(`there is no such file in ${process.cwd()}`);
    await expect(readList("")).rejects.toThrow('Cannot read the list "": its path is empty');
    await expect(readList("http://localhost:65535/list.txt")).rejects.toThrow(
      /^Cannot fetch the list http:\/\/localhost:65535\/list\.txt: .* Connection refused/,
    );
    const directory = await temporaryDirectory();
    await expect(readList(directory)).rejects.toThrow("it is a directory");
    const missing = await serve(404, "nothing here");
    await expect(readList(missing)).rejects.toThrow(
      `Cannot fetch the list ${missing}: the server answered 404`,
    );
    await expect(readList("http://127.0.0.1:9/x")).rejects.toThrow(
      "Cannot fetch the list http://127.0.0.1:9/x: ",
    );
  });
});

describe("makeCorpus", () => {
  test("splits 80/10/10 and loses no line", async () => {
    const list = await readList(DEFAULT_LIST);
    const { words, vocabulary } = makeCorpus(list);
    expect([words.train.length, words.dev.length, words.test.length]).toEqual([25805, 3226, 3226]);
    const back = [...words.train, ...words.dev, ...words.test].map((word) => vocabulary.decode(word));
    expect(back.sort()).toEqual([...list.lines].sort());
  });

  test("refuses a list of more than 1,000 different characters", () => {
    const lines = Array.from({ length: 1001 }, (_, i) => String.fromCodePoint(0x4e00 + i));
    expect(() => makeCorpus({ name: "x", lines, bytes: new Uint8Array(), sha256: "" })).toThrow(
      "has 1001 different characters, the most is 1000",
    );
  });
});

test("the list in this repository is as its README says", async () => {
  const { lines } = await readList(DEFAULT_LIST);
  expect(lines.length).toBe(32_257);
  expect(new Set(lines).size).toBe(29_693);
  expect(lines.slice(0, 3)).toEqual(["emma", "olivia", "ava"]);
  expect(lines[18_148]).toBe("liam");
  expect(lines.every((line) => /^[a-z]{2,15}$/.test(line))).toBe(true);
});

describeWithNames("the notebooks' list", (path) => {
  test("splits into the notebooks' words and examples", async () => {
    const list = await readList(path);
    expect(list.sha256).toBe("0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d");
    expect(list.lines.length).toBe(32_033);
    const corpus = makeCorpus(list);
    const { train, dev, test } = corpus.words;
    expect([train.length, dev.length, test.length]).toEqual([25_626, 3_203, 3_204]);
    const examples = makeExamples(corpus, 3);
    expect([examples.train.count, examples.dev.count, examples.test.count]).toEqual([
      182_625,
      22_655,
      22_866,
    ]);
  });
});
