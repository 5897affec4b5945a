/** What a container asks for after an update, judged before anything is touched. Pure but for questions to the host. */
import { type CgroupHost, type ChangedFile, checkLimits } from "../../cgroups/index.ts";
import { conflict, invalid } from "../../lib/errors.ts";
import { formatBinarySize } from "../../lib/units/size.ts";
import { changedResources, describeChange, limitsBetween } from "../limits/index.ts";
import { checkRlimitsReachable, type OciHost, rlimitsOf } from "../oci/index.ts";
import type { HostConfig, LimitChange, NetworkRate, Ulimit, UpdateRequest } from "../types.ts";
import { checkSwapAlone, scoredLimitsOf } from "./limits.ts";
import { checkNetworkRate } from "./network-rate.ts";
import { checkRestartPolicy } from "./restart-policy.ts";
import { changedUlimits, joinUlimits, ulimitText } from "./ulimits.ts";
import { withoutLimits } from "./unset.ts";

/**
 * @param defaults those of the engine; `shmSize` in bytes
 * @throws `invalid` with Docker's texts for what can be told without the host
 */
export function updatedHostConfig(
  before: HostConfig,
  request: UpdateRequest,
  defaults: { readonly shmSize: number },
): HostConfig {
  const { RestartPolicy, Ulimits, ShmSize, NetworkRate, Unset = [] } = request;
  const { hostConfig: present, others } = withoutLimits(before, Unset, defaults);
  const next = changedResources(present, request, others);
  checkTotal(next, request);
  return {
    ...next,
    ...(RestartPolicy?.Name ? { RestartPolicy: changedPolicy(present, RestartPolicy) } : {}),
    ...(Ulimits?.length ? { Ulimits: joinUlimits(present.Ulimits ?? [], Ulimits) } : {}),
    ...(ShmSize ? { ShmSize: checkedSize(ShmSize) } : {}),
    ...(NetworkRate === undefined ? {} : { NetworkRate: { ...present.NetworkRate, ...NetworkRate } }),
  };
}

function changedPolicy({ AutoRemove = false }: HostConfig, asked: HostConfig["RestartPolicy"]) {
  const policy = checkRestartPolicy(asked, false);
  if (!AutoRemove || policy.Name === "no") return policy;
  throw conflict("Restart policy cannot be updated because AutoRemove is enabled for the container", POLICY_CODE);
}

const POLICY_CODE = "CTR_RESTART_POLICY_INVALID";

/** Between values that are asked for now and such as were before. @throws with Docker's texts */
function checkTotal({ Memory = 0, MemorySwap = 0, Swap }: HostConfig, asked: UpdateRequest): void {
  if (MemorySwap <= 0 || Swap !== undefined) return;
  if (Memory <= 0) {
    throw invalid("You should always set the Memory limit when using Memoryswap limit, see usage", "CTR_LIMIT_INVALID");
  }
  if (MemorySwap >= Memory) return;
  if (asked.MemorySwap) {
    throw invalid("Minimum memoryswap limit should be larger than memory limit, see usage", "CTR_LIMIT_INVALID");
  }
  throw conflict(
    "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time",
    { code: "CTR_LIMIT_CONFLICT", hint: `give --memory-swap too; it is ${MemorySwap} bytes` },
  );
}

function checkedSize(size: number): number {
  if (size > 0) return size;
  throw invalid("SHM size can not be less than 0", "CTR_SHM_SIZE_INVALID");
}

/** @returns warnings. @throws `invalid`, `unsupported` for what no host, or this one, can give */
export function checkUpdate(
  present: HostConfig,
  next: HostConfig,
  hosts: { cgroups: CgroupHost; oci: OciHost; ulimits: readonly Ulimit[] },
): string[] {
  const [before, after] = [scoredLimitsOf(present, hosts.cgroups), scoredLimitsOf(next, hosts.cgroups)];
  const { warnings } = checkLimits(limitsBetween(before, after), hosts.cgroups, { isUpdate: true, asked: before });
  // By itself: beside a period, were it only the one that is taken away, it would pass for a quota.
  const { cpus, cpuPeriod } = after;
  if (cpus !== undefined && cpus !== before.cpus && cpuPeriod === undefined) checkLimits({ cpus }, hosts.cgroups);
  checkSwapAlone(next, hosts.cgroups);
  const ulimits = changedUlimits(present, next, hosts.ulimits);
  rlimitsOf(ulimits);
  if (!hosts.oci.capabilities.includes("CAP_SYS_RESOURCE")) checkRlimitsReachable(ulimits, hosts.oci.hardLimits);
  checkNetworkRate(next);
  return warnings;
}

/** What differs, for people. */
export function describeUpdate(
  before: HostConfig,
  after: HostConfig,
  host: CgroupHost,
  files: readonly ChangedFile[],
): LimitChange[] {
  const row = (limit: string, one: string, other: string): LimitChange[] =>
    one === other ? [] : [{ limit, before: one, after: other }];
  const former = ulimitTexts(before);
  const latter = ulimitTexts(after);
  return [
    ...describeChange(scoredLimitsOf(before, host), scoredLimitsOf(after, host), files),
    ...[...new Set([...latter.keys(), ...former.keys()])].flatMap((name) =>
      row(`ulimit ${name}`, former.get(name) ?? "default", latter.get(name) ?? "default"),
    ),
    ...row("shm-size", sizeText(before.ShmSize), sizeText(after.ShmSize)),
    ...row("net-rate egress", rateText(before.NetworkRate?.Egress), rateText(after.NetworkRate?.Egress)),
    ...row("net-rate ingress", rateText(before.NetworkRate?.Ingress), rateText(after.NetworkRate?.Ingress)),
    ...row("restart", policyText(before), policyText(after)),
  ];
}

const ulimitTexts = ({ Ulimits }: HostConfig): Map<string, string> =>
  new Map((Ulimits ?? []).map((limit) => [limit.Name, ulimitText(limit)]));
const sizeText = (bytes = 0): string => formatBinarySize(bytes);
const rateText = (rate: NetworkRate["Egress"]): string => (rate ? `${rate} bit/s` : "max");
const policyText = ({ RestartPolicy: { Name = "no", MaximumRetryCount = 0 } = {} }: HostConfig): string =>
  MaximumRetryCount > 0 ? `${Name}:${MaximumRetryCount}` : Name;
