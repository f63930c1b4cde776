/** The parts of a list: to train on, to select the best checkpoint, and to report the result. */
export const SPLITS = ["train", "dev", "test"] as const;
export type Split = typeof SPLITS[number];
