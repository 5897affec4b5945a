/** Where the API server listens: the values of `-H`. */
import { invalid } from "../../lib/errors.ts";

export type ListenAddress =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

const DEFAULT_TCP_HOST = "127.0.0.1";
/** Docker's port for unprotected TCP. */
const DEFAULT_TCP_PORT = 2375;
/** `sun_path` of unix(7), with its terminating zero byte. */
const MAX_SOCKET_PATH = 107;

/**
 * Reads `unix:///run/ctr/ctr.sock`, `tcp://127.0.0.1:2375`, `tcp://:2375` (all addresses) or `tcp://[::1]:2375`.
 * @throws `invalid`
 */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(\w+):\/\/(.*)$/.exec(text);
  const [, protocol = "", rest = ""] = match ?? [];
  if (protocol === "unix") return unixAddress(rest, text);
  if (protocol === "tcp") return tcpAddress(rest, text);
  throw invalid(`invalid bind address (${text}): it must begin with unix:// or tcp://`, {
    code: "CTR_LISTEN_ADDRESS_INVALID",
    hint: "for example: -H unix:///run/ctr/ctr.sock",
  });
}

function unixAddress(path: string, text: string): ListenAddress {
  if (!path.startsWith("/")) {
    throw invalid(`invalid bind address (${text}): the path of a unix socket must be absolute`, {
      code: "CTR_LISTEN_ADDRESS_INVALID",
      hint: "three slashes: -H unix:///run/ctr/ctr.sock",
    });
  }
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH) {
    throw invalid(
      `invalid bind address (${text}): a socket's path holds at most ${MAX_SOCKET_PATH} bytes`,
      "CTR_LISTEN_ADDRESS_INVALID",
    );
  }
  return { kind: "unix", path };
}

function tcpAddress(rest: string, text: string): ListenAddress {
  if (rest === "") return { kind: "tcp", host: DEFAULT_TCP_HOST, port: DEFAULT_TCP_PORT };
  const match = /^(\[[0-9a-fA-F:.%\w]+\]|[^:/[\]]*)(?::(\d+))?\/?$/.exec(rest);
  const port = Number(match?.[2] ?? DEFAULT_TCP_PORT);
  if (match === null || port > 65_535) {
    throw invalid(`invalid bind address (${text}): it must be tcp://host:port`, "CTR_LISTEN_ADDRESS_INVALID");
  }
  const host = (match[1] ?? "").replace(/^\[|\]$/g, "");
  return { kind: "tcp", host: host === "" ? "0.0.0.0" : host, port };
}
