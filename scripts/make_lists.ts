/*
 * Makes the lists of trainer/data/ from their sources, as trainer/data/README.md says.
 *
 *     deno run --allow-read scripts/make_lists.ts communes communes.json > trainer/data/french-communes-2026.txt
 *     deno run --allow-read scripts/make_lists.ts words american-english-small > trainer/data/english-words-2020.txt
 *
 * A list is in lower case, so that its vocabulary has no capitals and the server accepts names in any case. A thing
 * stands once, at the place of its first appearance, so that no line of the dev split is also in the train split.
 */
import { readFileSync } from "node:fs";
import process from "node:process";

/** The names of the present communes, in the order of their codes. */
function communes(json: string): string[] {
  const all: { nom: string; type: string }[] = JSON.parse(json);
  return all
    .filter(({ type }) => type === "commune-actuelle") // and not parts of communes, or former ones
    .map(({ nom }) => nom.replace(/ \(.*\)$/, "")) // "Bors (Canton de Charente-Sud)"
    .map((name) => name.normalize("NFC").toLowerCase());
}

/** The words of a to z only: not abbreviations, names, and possessives. */
function words(text: string): string[] {
  return text.split("\n").filter((word) => /^[a-z]+$/.test(word));
}

const makers = new Map([["communes", communes], ["words", words]]);
const [kind, source] = process.argv.slice(2);
const make = makers.get(kind);
if (!make || !source) {
  console.error(`Usage: scripts/make_lists.ts ${[...makers.keys()].join("|")} FILE`);
  process.exit(1);
}
const lines = new Set(make(readFileSync(source, "utf8")));
process.stdout.write(Array.from(lines, (line) => line + "\n").join(""));
