import { openModel, readModel } from "edgemore";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const USAGE = `node people.js [COUNT] [--seed SEED]

COUNT is a whole number from 1 to 100000; default 10. SEED is a whole number; by default each run makes other people.`;

/** Ends the program with a message. */
function fail(message) {
  console.error(`error: ${message}\n\n${USAGE}`);
  process.exit(1);
}

/** Reads a whole number. */
function wholeNumber(name, text, least, most) {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  return fail(`${name} must be a whole number from ${least} to ${most}, got ${JSON.stringify(text)}`);
}

/** Reads the command line. */
function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { seed: { type: "string" }, help: { type: "boolean" } },
    });
    if (values.help) {
      console.log(USAGE);
      process.exit(0);
    }
    const [count = "10", extra] = positionals;
    if (extra !== undefined) fail(`there is nothing to do with ${JSON.stringify(extra)}`);
    const random = String(Math.floor(Math.random() * 2 ** 32));
    return {
      count: wholeNumber("COUNT", count, 1, 100_000),
      seed: wholeNumber("SEED", values.seed ?? random, 0, Number.MAX_SAFE_INTEGER),
    };
  } catch (error) {
    return fail(error.message);
  }
}

/** Opens a model that comes with the package. */
async function open(name) {
  const folder = fileURLToPath(new URL(".", import.meta.resolve(`edgemore/models/${name}.json`)));
  return await openModel(await readModel(folder, name));
}

/** The words that are small inside the name of a French town. */
const SMALL = new Set(["d", "de", "des", "du", "en", "et", "l", "la", "le", "les", "lès", "sous", "sur"]);

/** Capitalises the words of a name: "saint-jean-de-luz" becomes "Saint-Jean-de-Luz". */
function capitalise(name) {
  return name.replace(
    /\p{L}+/gu,
    (word, at) => at > 0 && SMALL.has(word) ? word : word[0].toUpperCase() + word.slice(1),
  );
}

/** A field of CSV (RFC 4180). */
function field(text) {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const { count, seed } = readArguments();
const [names, towns] = await Promise.all([open("gru"), open("towns")]);
const [firstNames, townNames] = [names, towns].map((model) => model.stream({ seed, novel: true }));
console.log("id,first_name,town,email");
for (let id = 1; id <= count; id++) {
  const [{ value: first }, { value: town }] = await Promise.all([firstNames.next(), townNames.next()]);
  const fields = [`${id}`, capitalise(first.name), capitalise(town.name), `${first.name}.${id}@example.com`];
  console.log(fields.map(field).join());
}
await Promise.all([names.close(), towns.close()]);
