/**
 * A learning-rate schedule.
 *
 * @param step From 0.
 * @param steps How many steps the training has.
 * @param initial The learning rate at the beginning.
 * @returns The learning rate of the step.
 */
export type Schedule = (step: number, steps: number, initial: number) => number;

/** The same learning rate for all steps. */
const constant: Schedule = (_step, _steps, initial) => initial;

/** A tenth of it after half the steps, as in the notebooks. */
const step: Schedule = (step, steps, initial) => (step < steps / 2 ? initial : initial / 10);

/**
 * Half a cosine wave from the initial learning rate down to zero.
 *
 * Source: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017,
 * equation (5).
 */
const cosine: Schedule = (step, steps, initial) => (initial * (1 + Math.cos((Math.PI * step) / steps))) / 2;

/** Every schedule, by its name on the command line. */
export const schedules = { constant, step, cosine } as const satisfies Record<string, Schedule>;
export type ScheduleName = keyof typeof schedules;

/**
 * A schedule whose rate rises in even steps to what it is without warm-up, in so many steps: step s takes (s + 1) / warmup of
 * it, as `torch.optim.lr_scheduler.LinearLR` with a start factor of 1 / warmup.
 *
 * Source: Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour", 2017.
 *
 * @param warmup 0 for none.
 */
export function warmUp(schedule: Schedule, warmup: number): Schedule {
  if (warmup === 0) return schedule;
  return (step, steps, initial) => schedule(step, steps, initial) * Math.min(1, (step + 1) / warmup);
}
