/**
 * The network of containers: ctr, the real Docker Engine and podman, in turn, each alone in a private host. Needs the
 * packages iperf3 and dnsperf. `PARTS=life,ports,traffic,names` chooses parts; all of them by default.
 */
import { compareLife } from "./net/life.ts";
import { compareNames } from "./net/names.ts";
import { comparePorts } from "./net/ports.ts";
import { compareTraffic } from "./net/traffic.ts";
import { startCtr } from "./peers/ctr.ts";
import { startDocker } from "./peers/docker.ts";
import { startPodman } from "./peers/podman.ts";
import { usePresent } from "./peers/present.ts";

const PARTS = { life: compareLife, ports: comparePorts, traffic: compareTraffic, names: compareNames };

export async function benchNet(): Promise<void> {
  const chosen = (process.env["PARTS"] ?? Object.keys(PARTS).join(",")).split(",");
  await using stack = new AsyncDisposableStack();
  const peers = await usePresent(stack, [startCtr, startDocker, startPodman]);
  for (const [name, compare] of Object.entries(PARTS)) if (chosen.includes(name)) await compare(peers);
}
