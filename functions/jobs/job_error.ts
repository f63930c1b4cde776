/** A part of a job cannot be done. The message is for the job's owner. */
export class JobError extends Error {
  override name = "JobError";
}
