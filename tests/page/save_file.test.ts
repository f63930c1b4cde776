import { expect, test } from "vitest";
import { csvOf, textOf } from "../../page/save_file.ts";

const names = [
  { name: "ana", nll: 1.5, perplexity: 4.5 },
  { name: 'a "b", c', nll: null, perplexity: null },
];

test("text has a name a line", () => expect(textOf(names)).toBe('ana\na "b", c\n'));

test("CSV quotes what has commas or quotes, and leaves an infinite figure empty", () => {
  expect(csvOf(names, null)).toBe('name,nll,perplexity\r\nana,1.5,4.5\r\n"a ""b"", c",,\r\n');
  expect(csvOf(names, new Set(["ana"])))
    .toBe('name,nll,perplexity,new\r\nana,1.5,4.5,true\r\n"a ""b"", c",,,false\r\n');
});
