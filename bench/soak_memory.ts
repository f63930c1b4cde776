import { spread } from "./measure.ts";

/** How much more memory a server may hold at the end than after a third of its time. */
const MAX_GROWTH = 1.15;

/** How the memory of a server went, from samples at even distances. */
export interface MemoryTrend {
  /** Medians of the tenths of the time, in MB. */
  tenths: number[];
  /** The median of the third sixth of the time, when caches are full, in MB. */
  early: number;
  /** The median of the last sixth, in MB. */
  late: number;
  /** Whether the last is at most 1.15 times the other. */
  flat: boolean;
}

/**
 * Judges whether memory stays flat after the first third.
 *
 * @param samples Resident memory in MB, at least ten samples.
 */
export function memoryTrend(samples: readonly number[]): MemoryTrend {
  const median = (from: number, to: number) =>
    spread(samples.slice(Math.floor(from * samples.length), Math.ceil(to * samples.length))).median;
  const [early, late] = [median(1 / 3, 1 / 2), median(5 / 6, 1)];
  return {
    tenths: Array.from({ length: 10 }, (_, i) => median(i / 10, (i + 1) / 10)),
    early,
    late,
    flat: late <= MAX_GROWTH * early,
  };
}

/** A trend in words. */
export function describeTrend({ tenths, early, late, flat }: MemoryTrend): string {
  const mb = (value: number) => value.toFixed();
  return `resident memory in MB: ${mb(tenths[0])} at the start, ${mb(tenths[4])} in the middle, ` +
    `${mb(tenths[9])} at the end\n  by tenths of the time: ${tenths.map(mb).join(" ")}\n  ` +
    `${flat ? "flat" : "NOT FLAT"} after the first third: the last sixth's median is ${mb(late)}, ` +
    `the third sixth's ${mb(early)}, and may be ${MAX_GROWTH} times that`;
}
