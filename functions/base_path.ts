/** The path at which a request's application is mounted in another one, of requests that such an application got. */
const basePaths = new WeakMap<Request, string>();

/** Notes that the application which gets this request is mounted at a path, such as "/names". */
export function setBasePath(request: Request, path: string): void {
  basePaths.set(request, path);
}

/** The path at which the application is mounted; "" if it is not mounted in another one. */
export function basePathOf(request: Request): string {
  return basePaths.get(request) ?? "";
}
