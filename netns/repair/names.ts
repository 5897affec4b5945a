/** The name server that the data plane has in a sandbox: its sockets there, and the rules that lead port 53 to them. */
import { readFileSync } from "node:fs";
import { SERVER_ADDRESS } from "../dns/redirect.ts";
import { KernelView } from "../firewall/nftables/kernel-view.ts";
import { enterNetworkNamespace, namespaceExists } from "../namespace.ts";
import { nameServerOf, serveNames } from "../sandbox/names.ts";
import type { SandboxState, SandboxTools } from "../sandbox/types.ts";
import type { Fault } from "./types.ts";

/** 127.0.0.11 and a port, as /proc/net/udp writes them; see proc_pid_net(5). */
const LOCAL = /^ *\d+: 0B00007F:([0-9A-F]{4}) /m;
const PORT_53 = "0035";
const TABLE = "ctr-names";

export function nameServerFaults(tools: SandboxTools, state: SandboxState): Fault[] {
  const { store, names } = tools;
  const { namespacePath: path, containerId, containerName } = state;
  const record = store.sandbox(containerId);
  if (path === undefined || record === undefined || !namespaceExists(path)) return [];
  if (nameServerOf(store, state, record.dns) === undefined) return [];
  const text = enterNetworkNamespace(path, faultInside);
  if (text === undefined) return [];
  const mend = async (): Promise<void> => {
    await names.unserve(containerId);
    await serveNames(tools, state);
  };
  return [{ kind: "missing", object: `name server of ${containerName}`, text, mend }];
}

function faultInside(): string | undefined {
  const [, port] = LOCAL.exec(readFileSync("/proc/thread-self/net/udp", "utf8")) ?? [];
  if (port === undefined) return `nobody answers at ${SERVER_ADDRESS}`;
  // A server that has the port itself needs no rules.
  if (port === PORT_53) return undefined;
  using kernel = KernelView.open();
  return kernel.chains().some(({ table }) => table === TABLE) ? undefined : `the rules that lead to it are gone`;
}
