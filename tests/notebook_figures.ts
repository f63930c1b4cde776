/*
 * What the notebooks print, for tests that need no list.
 */

/** The names that the notebook on initialisation samples from its network, seed 42, before it is trained. */
// deno-fmt-ignore
export const UNTRAINED_NAMES = [
  "xjuguenvtps", "fabiquedxfmubnwmsflaypglzofmwhwlxoln", "epjccuodsgjdmzu", "knxcmjjobdrggbdlpk",
  "mnqhqyjfbscvghigeaczalcvjwzajwtphjpdmquotcc", "weltxosvgkohobr", "uklnncvrigmydlsoumf", "pjjiewx",
  "lxmjuhm", "fsckbirdovhgn", "kgoktfkzuacabxa", "atodr", "bxwqzjzdqvtmdampemaqj",
  "omtafjiirvqtlfkyeumxuoxtame", "ovzqmywog", "acdtqumkorvdyxxhlsogob", "tnslwkgmnfuyccqendhln",
  "quehejojixfdirndbgcpvrsczagrtpltqc", "jsnq", "dazxygkihhnynvyfjfzgxlvkqncqgahwkig",
];

/** The bigram notebook's names from a uniform distribution over 27 tokens, seed 2147483647. */
// deno-fmt-ignore
export const UNIFORM_NAMES = [
  "cexzm", "zoglkurkicqzktyhwmvmzimjttainrlkfukzkktda", "sfcxvpubjtbhrmgotzx",
  "iczixqctvujkwptedogkkjemkmmsidguenkbvgynywftbspmhwcivgbvtahlvsu", "dsdxxblnwglhpyiw", "igwnjwrpfdwipkwzkm",
  "desu", "firmt", "gbiksjbquabsvoth", "kuysxqevhcmrbxmcwyhrrjenvxmvpfkmwmghfvjzxobomysox",
];

/** The bigram notebook's names from the counts of its whole list, seed 2147483647. */
// deno-fmt-ignore
export const BIGRAM_NAMES = [
  "cexze", "momasurailezitynn", "konimittain", "llayn", "ka", "da", "staiyaubrtthrigotai", "moliellavo", "ke",
  "teda",
];
