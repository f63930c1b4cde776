import type { Context, MiddlewareHandler } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import { Problem } from "../problem.ts";

/** Requires a bearer token on every route except `/health`. */
export function requireToken(token: string): MiddlewareHandler {
  const auth = bearerAuth({
    token,
    // Hono compares the SHA-256 of the tokens and then the tokens themselves, both in constant time. Hashing only hides the
    // token's length, and takes 45% of the CPU time of `GET /score` more on Deno, 34% on workerd.
    hashFunction: (text: string) => text,
    noAuthenticationHeader: { message: refuse("no token is given") },
    invalidAuthenticationHeader: { message: refuse("the Authorization header is not Bearer and a token") },
    invalidToken: { message: refuse("the token is another") },
  });
  return (context, next) => isOpen(context) ? next() : auth(context, next);
}

/** `/health` is for monitors; browsers send preflight requests without a token. */
function isOpen({ req }: Context): boolean {
  return req.path === "/health" ||
    (req.method === "OPTIONS" && req.header("access-control-request-method") !== undefined);
}

function refuse(reason: string): () => never {
  return () => {
    throw new Problem(
      "unauthorized",
      `This server asks for a token, as Authorization: Bearer TOKEN; ${reason}`,
      [],
      {
        "www-authenticate": 'Bearer realm="edgemore"',
      },
    );
  };
}
