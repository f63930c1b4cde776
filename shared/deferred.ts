/** A promise, and the functions that settle it. */
export interface Deferred<Value> {
  promise: Promise<Value>;
  resolve(value: Value | PromiseLike<Value>): void;
  reject(reason: unknown): void;
}

/** Does what `Promise.withResolvers` does, which Node has only since version 22. */
export function deferred<Value>(): Deferred<Value> {
  let settle: Pick<Deferred<Value>, "resolve" | "reject"> | undefined;
  const promise = new Promise<Value>((resolve, reject) => void (settle = { resolve, reject }));
  return { promise, ...settle! };
}
