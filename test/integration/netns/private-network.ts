/**
 * A network namespace of the test's own, which the test's thread is in while the object lives: links, routes and rules
 * that it makes, and programs that it starts, are there. The machine's own network is never touched.
 */
import { execFileSync } from "node:child_process";
import { access, closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemCall } from "../../../lib/system/libc.ts";
import { listNamespaces, removeNamespace } from "../../../netns/namespace.ts";

const CLONE_NEWNET = 0x40000000;

export class PrivateNetwork implements Disposable {
  /** For the test's files. Namespaces that are bound below its `netns` folder are removed with it. */
  readonly directory = mkdtempSync(join(tmpdir(), "ctr-netns-"));
  readonly #home: number;

  private constructor(home: number) {
    this.#home = home;
  }

  static enter(): PrivateNetwork {
    // Pool threads must be born at home, see netns/namespace.ts.
    access("/", () => {});
    const network = new PrivateNetwork(openSync("/proc/thread-self/ns/net", "r"));
    systemCall("unshare", "private network", CLONE_NEWNET);
    ip("link", "set", "lo", "up");
    return network;
  }

  /** Path for a namespace of this name. */
  namespace(name: string): string {
    return join(this.directory, "netns", name);
  }

  [Symbol.dispose](): void {
    systemCall("setns", "home", this.#home, CLONE_NEWNET);
    closeSync(this.#home);
    for (const name of listNamespaces(this.namespace(""))) removeNamespace(this.namespace(name));
    rmSync(this.directory, { recursive: true });
  }
}

/** Runs iproute2 in the thread's present namespace. @returns its output */
export function ip(...args: readonly string[]): string {
  return execFileSync("ip", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** What iproute2 shows, as objects. */
export function ipJson(...args: readonly string[]): Record<string, unknown>[] {
  return JSON.parse(ip("-json", "-details", ...args)) as Record<string, unknown>[];
}

/**
 * The links, addresses, routes and rules of the present namespace, as text that two moments can be compared by. Without
 * carrier and link-local addresses: the kernel changes them by itself a moment later.
 */
export function snapshot(): string {
  const links = ipJson("link").map(({ ifname, address, mtu, master }) => [ifname, address, mtu, master].join(" "));
  const addresses = ip("-4", "-o", "address");
  const routes = ip("-4", "route", "show", "table", "all").replaceAll(" linkdown", "");
  const ruleset = execFileSync("nft", ["list", "ruleset"], { encoding: "utf8" });
  const rules = ruleset.replaceAll(/ ?counter packets \d+ bytes \d+/g, "");
  return [...links, addresses, routes, rules].join("\n");
}
