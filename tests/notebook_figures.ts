/*
 * Names that the notebooks print, for tests that do not need the notebooks' list.
 */

/** The names that the notebook on initialisation samples from its untrained network, seed 42. */
// deno-fmt-ignore
export const UNTRAINED_NAMES = [
  "xjuguenvtps", "fabiquedxfmubnwmsflaypglzofmwhwlxoln", "epjccuodsgjdmzu", "knxcmjjobdrggbdlpk",
  "mnqhqyjfbscvghigeaczalcvjwzajwtphjpdmquotcc", "weltxosvgkohobr", "uklnncvrigmydlsoumf", "pjjiewx",
  "lxmjuhm", "fsckbirdovhgn", "kgoktfkzuacabxa", "atodr", "bxwqzjzdqvtmdampemaqj",
  "omtafjiirvqtlfkyeumxuoxtame", "ovzqmywog", "acdtqumkorvdyxxhlsogob", "tnslwkgmnfuyccqendhln",
  "quehejojixfdirndbgcpvrsczagrtpltqc", "jsnq", "dazxygkihhnynvyfjfzgxlvkqncqgahwkig",
];

/** The names that the bigram notebook samples from a uniform distribution over 27 tokens, seed 2147483647. */
// deno-fmt-ignore
export const UNIFORM_NAMES = [
  "cexzm", "zoglkurkicqzktyhwmvmzimjttainrlkfukzkktda", "sfcxvpubjtbhrmgotzx",
  "iczixqctvujkwptedogkkjemkmmsidguenkbvgynywftbspmhwcivgbvtahlvsu", "dsdxxblnwglhpyiw", "igwnjwrpfdwipkwzkm",
  "desu", "firmt", "gbiksjbquabsvoth", "kuysxqevhcmrbxmcwyhrrjenvxmvpfkmwmghfvjzxobomysox",
];

/** The names that the bigram notebook samples from the counts of the whole list, seed 2147483647. */
// deno-fmt-ignore
export const BIGRAM_NAMES = [
  "cexze", "momasurailezitynn", "konimittain", "llayn", "ka", "da", "staiyaubrtthrigotai", "moliellavo", "ke",
  "teda",
];
