import * as z from "zod";
import { isNoun, MAX_NOUN_LENGTH } from "./noun.ts";
import { once } from "./once.ts";

/** What the things of a list are called, in the plural: it stands in sentences such as "20 towns from paris". */
export const nounSchema = once(() =>
  z.string().min(1).max(MAX_NOUN_LENGTH).refine(
    isNoun,
    "a noun has letters, digits, spaces, hyphens and apostrophes, and begins with a letter or digit",
  )
);
