/** What tells a model in this browser from the server's model of the same name. No model's name has it. */
const LOCAL_SUFFIX = "@browser";

/** The value of the page's `model` for a model in this browser. */
export function localReference(name: string): string {
  return name + LOCAL_SUFFIX;
}

/** Whether a value of the page's `model` is a model in this browser. */
export function isLocal(reference: string): boolean {
  return reference.endsWith(LOCAL_SUFFIX);
}

/** The name of a model, without what marks it as one in this browser. */
export function nameOf(reference: string): string {
  return isLocal(reference) ? reference.slice(0, -LOCAL_SUFFIX.length) : reference;
}
