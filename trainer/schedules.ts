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
