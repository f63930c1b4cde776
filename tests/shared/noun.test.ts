import { describe, expect, test } from "vitest";
import { MAX_NOUN_LENGTH, nounOf, nounOfFile } from "../../shared/noun.ts";
import { nounSchema } from "../../shared/noun_schema.ts";

describe("nounOfFile", () => {
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
    expect(nounOfFile(file)).toBe(noun);
    expect(nounSchema.safeParse(noun).success).toBe(true);
  });
});

describe("nounSchema", () => {
  test.each(["towns", "user names", "Pokémon", "hors-d’œuvres", "a".repeat(MAX_NOUN_LENGTH)])(
    "allows %j",
    (noun) => expect(nounSchema.safeParse(noun).success).toBe(true),
  );
  test.each(["", " towns", "a".repeat(MAX_NOUN_LENGTH + 1), "a\nb", "a\u202eb", "<b>", "a\u0000", "\u0301a"])(
    "refuses %j",
    (noun) => expect(nounSchema.safeParse(noun).success).toBe(false),
  );
});

test("a card without a noun has that of its list's file", () => {
  const dataset = { name: "french-communes-2026.txt" };
  expect(nounOf({ dataset })).toBe("communes");
  expect(nounOf({ noun: "towns", dataset })).toBe("towns");
});
