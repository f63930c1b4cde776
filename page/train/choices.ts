import type { OptimizerName } from "../../trainer/optimizers.ts";
import type { ScheduleName } from "../../trainer/schedules.ts";

/*
 * The names in trainer/optimizers.ts and trainer/schedules.ts, whose code only the worker has.
 */

const optimizers: Record<OptimizerName, true> = { sgd: true, momentum: true, adam: true, adamw: true };
const schedules: Record<ScheduleName, true> = { constant: true, step: true, cosine: true };
export const optimizerNames: readonly string[] = Object.keys(optimizers);
export const scheduleNames: readonly string[] = Object.keys(schedules);
