import type { Context, MiddlewareHandler } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import { Problem } from "../problem.ts";

/** Closes everything but `/health` to who does not bear a token. */
export function requireToken(token: string): MiddlewareHandler {
  const auth = bearerAuth({
    token,
    // Hono compares two texts character by character to their ends, and before that their hashes. Hashing takes longer
    // than answering, and hides no more than how long the token is.
    hashFunction: (text: string) => text,
    noAuthenticationHeader: { message: refuse("no token is given") },
    invalidAuthenticationHeader: { message: refuse("the Authorization header is not Bearer and a token") },
    invalidToken: { message: refuse("the token is another") },
  });
  return (context, next) => isOpen(context) ? next() : auth(context, next);
}

/** `/health` is for monitors; what a browser asks before a request from another origin comes without a token. */
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
