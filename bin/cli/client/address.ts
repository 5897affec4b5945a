/** Where the engine listens, as the client finds it: `-H`, else `CTR_HOST`, else `DOCKER_HOST`, else the default. */
import { CliError } from "../errors.ts";

export type EngineAddress =
  | { readonly kind: "unix"; readonly path: string; readonly text: string; readonly chosen: boolean }
  | {
      readonly kind: "tcp";
      readonly host: string;
      readonly port: number;
      readonly text: string;
      readonly chosen: true;
    };

export const DEFAULT_HOST = "unix:///run/ctr/ctr.sock";
const DEFAULT_TCP_PORT = 2375;

/**
 * @param flag value of `-H`
 * @returns the address; `chosen` says that the user named it, in which case `ctr` starts no engine
 */
export function engineAddress(flag: string | undefined, env: NodeJS.ProcessEnv): EngineAddress {
  const given = flag ?? (env["CTR_HOST"] || env["DOCKER_HOST"] || undefined);
  return parseAddress(given ?? DEFAULT_HOST, given !== undefined);
}

/** @throws {CliError} with Docker's text */
export function parseAddress(text: string, chosen: boolean): EngineAddress {
  const [, protocol, rest = ""] = /^(?:(\w+):\/\/)?(.*)$/.exec(text) ?? [];
  if (protocol === "unix" && rest.startsWith("/")) return { kind: "unix", path: rest, text, chosen };
  if (protocol === undefined && rest.startsWith("/")) {
    return { kind: "unix", path: rest, text: `unix://${rest}`, chosen };
  }
  if (protocol === "tcp" || protocol === "http" || protocol === undefined) {
    const match = /^(?:\[([^\]]+)\]|([^:/]*))(?::(\d+))?\/?$/.exec(rest);
    if (match !== null && rest !== "") {
      const host = match[1] ?? (match[2] || "127.0.0.1");
      return { kind: "tcp", host, port: Number(match[3] ?? DEFAULT_TCP_PORT), text, chosen: true };
    }
  }
  throw new CliError(`unable to parse docker host \`${text}\`\nWrite unix:///run/ctr/ctr.sock or tcp://127.0.0.1:2375`);
}
