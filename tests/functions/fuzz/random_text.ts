import fc from "fast-check";

/** Most combining marks in a row: a body of this many can take minutes to normalise, see UAX #15. */
const MAX_MARKS = 100_000;

/** Marks of several combining classes, which normalisation sorts. */
const MARKS = ["\u0301", "\u0323", "\u0327", "\u0345", "\u05b0", "\u064b", "\u3099", "\u{1d165}"];

/** Characters that normalisation, case mapping, a line splitter or a display treats in a way of its own. */
const CHARACTERS = [
  ...["é", "ß", "ẞ", "İ", "ı", "ﬁ", "Å", "\u212b", "Σ", "ς", "ǆ", "\u0344", "\u0958", "\u{1d160}", "\u2adc"],
  ...["\u1100\u1161\u11a8", "각", "힣", "あ\u3099", "ﷺ", "中", "\u{2f800}"], // Hangul, kana and a ligature
  ...["א", "ب", "\u200f", "\u202e", "\u2066", "\u2069", "\u061c"], // right-to-left, and what turns a line round
  ...["😀", "👨‍👩‍👧", "🇩🇪", "𝔞", "\u{10ffff}", "\u{e0041}"], // beyond the first plane
  ...["\0", "\t", "\r", "\n", "\u0085", "\u2028", "\u00a0", "\u200b", "\ufeff", "\ufffd", "\uffff", "\u007f"],
  ...["\ud800", "\udfff", "\udc00\ud800"], // lone surrogates
];

/** A letter with marks of two kinds, in an order that normalisation changes. */
const manyMarks = (most: number): fc.Arbitrary<string> =>
  fc.tuple(
    fc.constantFrom("a", "", "é", "א", "😀"),
    fc.constantFrom(...MARKS),
    fc.constantFrom(...MARKS),
    fc.double({ min: 0, max: Math.log2(most), noNaN: true }).map((power) => Math.floor(2 ** power)),
  ).map(([letter, first, second, count]) => letter + first.repeat(count / 2) + second.repeat(count / 2));

/** Texts that a parser may stumble over. */
const STUMBLES = [
  ...[
    "",
    "%",
    "%zz",
    "%00",
    "..",
    "../../etc/passwd",
    "a\ud800",
    "\\",
    "'",
    '"',
    "</script>",
    "${a}",
    "{{a}}",
  ],
  ...[
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "[object Object]",
    "undefined",
    "null",
    "NaN",
  ],
];

/** Unicode text of every kind, short. */
export const shortText: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.stringMatching(/^[a-z]{1,12}$/) },
  { weight: 2, arbitrary: fc.string({ unit: "grapheme", maxLength: 20 }) },
  { weight: 2, arbitrary: fc.string({ unit: "binary", maxLength: 20 }) },
  { weight: 3, arbitrary: fc.string({ unit: fc.constantFrom(...CHARACTERS, "a"), maxLength: 12 }) },
  { weight: 2, arbitrary: fc.constantFrom(...STUMBLES) },
  { weight: 1, arbitrary: manyMarks(1000) },
  { weight: 1, arbitrary: fc.nat(300).map((length) => "a".repeat(length)) },
);

/** Unicode text of every kind; now and then very long. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  { weight: 40, arbitrary: shortText },
  { weight: 1, arbitrary: manyMarks(MAX_MARKS) },
  { weight: 1, arbitrary: fc.tuple(shortText, fc.nat(2000)).map(([text, times]) => text.repeat(times)) },
);

/** Text that can stand in a header: bytes, without line ends. */
export const headerText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "grapheme-ascii", maxLength: 60 }),
  fc.stringMatching(/^[ -~\x80-\xff]{0,30}$/),
  fc.constantFrom("*", "*/*", '"', ",", ";q=", "a/b;q=2", "a".repeat(4000)),
);
