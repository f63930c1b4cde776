/**
 * A learning-rate schedule: the learning rate of a step.
 *
 * @param step From 0.
 * @param steps How many there are.
 * @param initial The learning rate that was asked for.
 */
export type Schedule = (step: number, steps: number, initial: number) => number;

/** The same learning rate throughout. */
const constant: Schedule = (_step, _steps, initial) => initial;

/** A tenth after half the steps, as in the notebooks. */
const step: Schedule = (step, steps, initial) => (step < steps / 2 ? initial : initial / 10);

/**
 * Half a cosine wave from the initial learning rate down to nothing.
 *
 * Source: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017, equation
 * (5).
 */
const cosine: Schedule = (step, steps, initial) => (initial * (1 + Math.cos((Math.PI * step) / steps))) / 2;

/** Every schedule, by the name that the command line knows it by. */
export const schedules = { constant, step, cosine } as const satisfies Record<string, Schedule>;
export type ScheduleName = keyof typeof schedules;
