/** `NetworkRate`: how much a container's interfaces may send and receive. */
import type { Container, HostConfig, NetworkRate } from "../types.ts";
import type { Parts } from "./parts.ts";

const WAYS = [
  ["Egress", false],
  ["Ingress", true],
] as const satisfies readonly (readonly [keyof NetworkRate, boolean])[];

/**
 * @throws `conflict` when it has no interface that can be limited, `unsupported` for what the kernel lacks; nothing has
 * changed then
 */
export async function changeNetworkRate(
  { network }: Pick<Parts, "network">,
  { id, hostConfig }: Container,
  { NetworkRate: after = {} }: HostConfig,
  undo: AsyncDisposableStack,
): Promise<void> {
  const { NetworkRate: before = {} } = hostConfig;
  for (const [way, ingress] of WAYS) {
    const [former = 0, rateBps = 0] = [before[way], after[way]];
    if (former === rateBps) continue;
    await network.shape(id, { rateBps, ingress });
    undo.defer(() => network.shape(id, { rateBps: former, ingress }));
  }
}
