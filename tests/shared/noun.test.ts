import { describe, expect, test } from "vitest";
import { deriveNoun, MAX_NOUN_LENGTH, nounOf } from "../../shared/noun.ts";
import { nounSchema } from "../../shared/noun_schema.ts";

describe("deriveNoun", () => {
  test.each([
    ["us-names-2018.txt", "names"],
    ["french-communes-2026.txt", "communes"],
    ["english-words-2020.txt", "words"],
    ["pets.txt", "pets"],
    ["Pets", "pets"],
    ["towns_fr.txt", "towns"],
    ["names-us.txt", "names"],
    ["french.txt", "things"],
    ["french-towns.csv.gz", "towns"],
    ["user classes.txt", "classes"],
    ["class.txt", "things"],
    ["status.txt", "things"],
    ["paris.txt", "things"],
    ["us.txt", "things"],
    ["lists.txt", "things"],
    ["pokemon.csv", "things"],
    ["pre\u0301noms.txt", "prénoms"],
    ["名前.txt", "things"],
    ["my list (2).txt", "things"],
    ["2024.txt", "things"],
    ["", "things"],
    [`${"a".repeat(MAX_NOUN_LENGTH)}s.txt`, "things"],
  ])("%s: %s", (file, noun) => {
    expect(deriveNoun(file, "mlp")).toBe(noun);
    expect(nounSchema().safeParse(noun).success).toBe(true);
  });
});

describe("deriveNoun of a file that does not say it", () => {
  test.each([
    ["pasted.txt", "towns", "towns"],
    ["pasted.txt", "my-towns_2", "towns"],
    ["names.txt", "towns", "names"],
    ["pasted.txt", "my-lists", "things"],
    ["pasted.txt", "towns.fr", "towns"],
  ])("%s, by the model %s: %s", (file, model, noun) => {
    expect(deriveNoun(file, model)).toBe(noun);
  });
});

describe("nounSchema", () => {
  test.each(["towns", "user names", "Pokémon", "hors-d’œuvres", "a".repeat(MAX_NOUN_LENGTH)])(
    "allows %j",
    (noun) => expect(nounSchema().safeParse(noun).success).toBe(true),
  );
  test.each(["", " towns", "a".repeat(MAX_NOUN_LENGTH + 1), "a\nb", "a\u202eb", "<b>", "a\u0000", "\u0301a"])(
    "refuses %j",
    (noun) => expect(nounSchema().safeParse(noun).success).toBe(false),
  );
});

test("a card without a noun has a derived one", () => {
  const card = { name: "mlp", dataset: { name: "french-communes-2026.txt" } };
  expect(nounOf(card)).toBe("communes");
  expect(nounOf({ ...card, noun: "towns" })).toBe("towns");
  expect(nounOf({ name: "towns", dataset: { name: "pasted.txt" } })).toBe("towns");
});
