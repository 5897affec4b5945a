/** Taking a sandbox away, or leaving it to the containers that joined it. */
import { teardown } from "../../lib/teardown.ts";
import type { Connection } from "../drivers/index.ts";
import { formatAddress } from "../ipam/ip.ts";
import { removeNamespace } from "../namespace.ts";
import type { SandboxRecord } from "../store/index.ts";
import { awaitDetached } from "./links.ts";
import { putNames } from "./names.ts";
import { changeProxies, changeRules, type Publication } from "./ports.ts";
import { unshapeLinks } from "./shaping.ts";
import type { SandboxState, SandboxTools } from "./types.ts";

/**
 * Takes a sandbox away. Every step runs, whatever fails.
 * @throws `system` with a list of what failed
 */
export async function tearDownSandbox(tools: SandboxTools, state: SandboxState): Promise<void> {
  const { netlink, store, step } = tools;
  const { containerId, namespacePath, connections } = state;
  await teardown(`the sandbox of ${containerId}`, [
    ...withdrawSteps(tools, state),
    {
      what: "name server",
      run: async () => {
        await tools.names.unserve(containerId);
        step("tearDown:names");
      },
    },
    { what: "announcements", run: () => tools.announcements.cancel(connections) },
    { what: "rates", run: () => unshapeLinks(tools, containerId, connections) },
    {
      what: "namespace",
      run: () => {
        if (namespacePath !== undefined) removeNamespace(namespacePath);
        step("tearDown:namespace");
      },
    },
    ...connections.map((connection) => ({
      what: `link ${connection.hostInterface ?? connection.interfaceName}`,
      run: () => awaitDetached(netlink, connection),
    })),
    {
      what: "UDP flows",
      run: () => {
        forgetFlows(tools, connections);
        step("tearDown:links");
      },
    },
    { what: "record", run: () => store.removeSandbox(containerId) },
  ]);
}

/** Those of its addresses would be taken for the next one's who has them. */
export function forgetFlows({ conntrack }: SandboxTools, connections: readonly Connection[]): void {
  const addresses = connections.flatMap(({ address4, address6 }) => [address4, address6]);
  conntrack.deleteStaleUdp({
    addresses: addresses.flatMap((address) => (address === undefined ? [] : formatAddress(address))),
  });
}

/**
 * Ends what a stopped container offers, and leaves the namespace, its links and its name server to the containers that
 * joined it.
 * @throws as {@link tearDownSandbox}
 */
export async function keepSandbox(tools: SandboxTools, state: SandboxState, record: SandboxRecord): Promise<void> {
  const { store } = tools;
  await teardown(`the ports of ${state.containerId}`, [
    ...withdrawSteps(tools, state),
    { what: "names", run: () => tools.names.settled() },
    {
      what: "record",
      run: () =>
        store.transaction(() => {
          store.removePorts(state.containerId, store.portsOf(state.containerId));
          store.saveSandbox({ ...record, bindings: [], kept: true });
        }),
    },
  ]);
}

function withdrawSteps(tools: SandboxTools, state: SandboxState) {
  const { store, hostPorts, step } = tools;
  const { containerId } = state;
  const ports = store.portsOf(containerId);
  const nothing: Publication = { state, ports: [] };
  return [
    { what: "names", run: () => putNames(tools, containerId, false) },
    {
      what: "port rules",
      run: () => {
        changeRules(tools, { state, ports }, nothing);
        step("tearDown:rules");
      },
    },
    {
      what: "proxies",
      run: async () => {
        await tools.proxyStarts.get(containerId);
        await changeProxies(tools, { state, ports }, nothing);
        step("tearDown:proxies");
      },
    },
    { what: "host ports", run: () => hostPorts.release(containerId) },
  ];
}
