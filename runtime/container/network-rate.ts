/** `NetworkRate`: how much a container's interfaces may send and receive. */
import { forbidden, hasCode, invalid } from "../../lib/errors.ts";
import type { Container, HostConfig, NetworkRate } from "../types.ts";
import type { Parts } from "./parts.ts";

const WAYS = [
  ["Egress", false],
  ["Ingress", true],
] as const satisfies readonly (readonly [keyof NetworkRate, boolean])[];

/** @throws `invalid` for a rate below 0; `forbidden` where there is no interface of the container's own */
export function checkNetworkRate({ NetworkRate = {}, NetworkMode = "" }: HostConfig): void {
  const rates = Object.values(NetworkRate);
  const wrong = rates.find((rate) => rate < 0);
  if (wrong !== undefined) throw invalid(`invalid rate ${wrong}: it must not be negative`, "CTR_LIMIT_INVALID");
  const hasNone = ["host", "none"].includes(NetworkMode) || NetworkMode.startsWith("container:");
  if (!hasNone || !rates.some((rate) => rate > 0)) return;
  throw forbidden(`the rate of a container cannot be limited in network mode ${NetworkMode}: it has no interface`, {
    code: "CTR_SHAPE_NO_INTERFACE",
    hint: "create it on a bridge network",
  });
}

/** Before a container runs: the network may still keep the rate of a former run. */
export async function startNetworkRate(
  { network }: Pick<Parts, "network">,
  { id, hostConfig }: Container,
): Promise<void> {
  const { NetworkRate } = hostConfig;
  if (NetworkRate === undefined) return;
  for (const [way, ingress] of WAYS) {
    const rateBps = NetworkRate[way] ?? 0;
    await network.shape(id, { rateBps, ingress }).catch((error: unknown) => {
      if (rateBps > 0 || !hasCode(error, "CTR_SHAPE_NO_INTERFACE")) throw error;
    });
  }
}

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
