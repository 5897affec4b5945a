/** UDP flows that the kernel still leads to where a published port was before. */
import { addressKey } from "../conntrack/entry.ts";
import { parseAddress } from "../ipam/ip.ts";
import { isIpv6 } from "../ports/host-address.ts";
import { firewallPortsOf } from "../sandbox/ports.ts";
import type { SandboxState, SandboxTools } from "../sandbox/types.ts";
import type { Fault } from "./types.ts";

export async function flowFaults(tools: SandboxTools, states: readonly SandboxState[]): Promise<Fault[]> {
  const ports = states
    .flatMap((state) => firewallPortsOf(tools, { state, ports: tools.store.portsOf(state.containerId) }))
    .filter(({ protocol, hostPort }) => protocol === "udp" && hostPort !== 0);
  if (ports.length === 0) return [];
  const flows = await tools.conntrack.flowsTo(ports);
  return ports.flatMap((port) => {
    const [target, length] = [addressKey(parseAddress(port.address)), isIpv6(port.address) ? 16 : 4];
    // A source that is the destination itself was never translated: a program of the host answers.
    const stale = flows.filter(
      ({ destination, destinationPort, replySource }) =>
        destinationPort === port.hostPort &&
        destination.length === length &&
        replySource !== target &&
        replySource !== destination,
    );
    if (stale.length === 0) return [];
    const text = `${stale.length} of its clients are still led to another address than ${port.address}`;
    const mend = async (): Promise<void> => {
      await tools.conntrack.deleteStaleUdp({ ports: [port] });
    };
    return [{ kind: "stray", object: `port ${port.hostPort}/udp of ${port.owner}`, text, mend }];
  });
}
