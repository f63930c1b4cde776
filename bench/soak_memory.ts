import { spread } from "./measure.ts";

/** The largest allowed ratio of a server's memory at the end to that after a third of the time. */
const MAX_GROWTH = 1.15;

/** The memory of a server over the time of a soak. */
export interface MemoryTrend {
  /** The median of each tenth of the time, in MB. */
  tenths: number[];
  /** The median of the third sixth of the time, when caches are full, in MB. */
  early: number;
  /** The median of the last sixth, in MB. */
  late: number;
  /** Whether `late` is at most 1.15 times `early`. */
  flat: boolean;
}

/**
 * Computes the trend of a server's memory, and whether it is flat after the first third.
 *
 * @param samples Resident memory in MB, at least ten samples at equal intervals.
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

/** Formats a trend for people to read. */
export function describeTrend({ tenths, early, late, flat }: MemoryTrend): string {
  const mb = (value: number) => value.toFixed();
  return `resident memory in MB: ${mb(tenths[0])} at the start, ${mb(tenths[4])} in the middle, ` +
    `${mb(tenths[9])} at the end\n  by tenths of the time: ${tenths.map(mb).join(" ")}\n  ` +
    `${flat ? "flat" : "NOT FLAT"} after the first third: the median is ${
      mb(early)
    } in the third sixth and ` +
    `${mb(late)} in the last, at most ${MAX_GROWTH} times as much is allowed`;
}
