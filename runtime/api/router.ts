/** Finds the handler of a request in a table of routes. */
import { invalid, notFound } from "../../lib/errors.ts";
import type { ApiEngine } from "./engine-face.ts";
import type { Exchange, PathParameters } from "./exchange.ts";

export type Handler = (exchange: Exchange, engine: ApiEngine) => void | Promise<void>;

/**
 * Method, path and handler. `{name}` stands for one segment of the path, `{name...}` for one or more (names of images
 * have slashes). The first route that fits wins.
 */
export type Route = readonly [method: "GET" | "HEAD" | "POST" | "DELETE", path: string, handler: Handler];

interface CompiledRoute {
  readonly pattern: RegExp;
  readonly handler: Handler;
}

export class Router {
  readonly #routes = new Map<string, CompiledRoute[]>();

  constructor(routes: readonly Route[]) {
    for (const [method, path, handler] of routes) {
      const compiled = this.#routes.get(method) ?? [];
      compiled.push({ pattern: compile(path), handler });
      this.#routes.set(method, compiled);
    }
  }

  /**
   * @param path without version and query
   * @throws `notFound` with Docker's text `page not found`, also when only the method does not fit
   */
  find(method: string, path: string): { readonly handler: Handler; readonly parameters: PathParameters } {
    for (const { pattern, handler } of this.#routes.get(method) ?? []) {
      const match = pattern.exec(path);
      if (match !== null) return { handler, parameters: decodeAll(match.groups ?? {}) };
    }
    throw notFound("page not found", "CTR_API_NO_SUCH_PAGE");
  }
}

/** A constant part, a parameter of one segment, or one of several segments. */
const PART = /\{(\w+)(\.\.\.)?\}/g;

function compile(path: string): RegExp {
  return new RegExp(`^${path.replace(PART, (_, name: string, many) => `(?<${name}>${many ? ".+" : "[^/]+"})`)}$`);
}

function decodeAll(groups: Readonly<Record<string, string>>): PathParameters {
  const parameters: Record<string, string> = {};
  for (const [name, value] of Object.entries(groups)) parameters[name] = decode(value);
  return parameters;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid(`invalid URL escape in "${text}"`, "CTR_API_PATH_INVALID");
  }
}
