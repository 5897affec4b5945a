/** One change of the kernel, in a namespace of the snapshot. */
import { type CommandResult, runCommand } from "../../lib/command.ts";
import { notFound } from "../../lib/errors.ts";
import { enterNetworkNamespace, type FixAction, HOST, setSysctl } from "../../netns/index.ts";

/** Milliseconds. Programs that change the network answer at once. */
const TIMEOUT = 10_000;

/**
 * @param paths files of the containers' network namespaces, by key
 * @throws `system` when it cannot be done
 */
export async function applyAction(
  action: Exclude<FixAction, { readonly kind: "repair" }>,
  paths: ReadonlyMap<string, string>,
): Promise<void> {
  if (action.kind === "sysctl") inside(action.place, paths, () => setSysctl(sysctlPath(action.key), action.value));
  else await runInside(action.place, paths, action.argv);
}

async function runInside(place: string, paths: ReadonlyMap<string, string>, argv: readonly string[]): Promise<void> {
  let running: Promise<CommandResult> | undefined;
  // The process is born in the namespace; waiting for it goes on at home.
  inside(place, paths, () => {
    running = runCommand(argv, { timeout: TIMEOUT });
  });
  await running;
}

function inside(place: string, paths: ReadonlyMap<string, string>, body: () => void): void {
  const path = paths.get(place);
  if (place === HOST) body();
  else if (path === undefined) throw notFound(`${place} is not running any more`, "CTR_DIAGNOSIS_PLACE_GONE");
  else enterNetworkNamespace(path, body);
}

/** `net.ipv4.conf.eth0.100.forwarding` → `net/ipv4/conf/eth0.100/forwarding`: names of links may hold dots. */
export function sysctlPath(key: string): string {
  const [, table, link, name] = /^(net\.ipv[46]\.(?:conf|neigh))\.(.+)\.([^.]+)$/.exec(key) ?? [];
  return table === undefined ? key.replaceAll(".", "/") : `${table.replaceAll(".", "/")}/${link}/${name}`;
}
