/** The ruleset of nf_tables, as `nft -j list ruleset` prints it. See libnftables-json(5). */
import { spawnSync } from "node:child_process";
import { messageOf } from "../../../lib/errors.ts";
import { KernelView } from "../../firewall/nftables/kernel-view.ts";
import { JSON_OUTPUT, openLibnftables } from "../../firewall/nftables/libnftables.ts";
import { withHookDevices } from "./hook-devices.ts";

export interface Ruleset {
  readonly nftables: readonly object[];
  readonly generation: number;
}

/** How often a ruleset that changes meanwhile is read again. */
const ATTEMPTS = 5;
const OUTPUT_LIMIT = 256 * 1024 * 1024;

/**
 * Of the namespace that the thread is in. One that changed while it was read is read again; when it never rests, the last
 * reading stands.
 * @throws where there is neither the library nor the program, or they fail
 */
export function readRuleset(): Ruleset {
  using view = KernelView.open();
  return untilItRests(
    () => view.generation(),
    () => (view.hasTables() ? listRuleset() : []),
  );
}

/** Exported for tests. */
export function untilItRests(generationNow: () => number, list: () => readonly object[]): Ruleset {
  for (let attempt = 1; ; attempt++) {
    const generation = generationNow();
    const nftables = list();
    if (generationNow() === generation || attempt === ATTEMPTS) return { nftables, generation };
  }
}

function listRuleset(): readonly object[] {
  const text = withLibrary() ?? withProgram("-j", "list", "ruleset");
  const { nftables } = JSON.parse(text) as { nftables: object[] };
  return withHookDevices(nftables, () => withProgram("list", "chains"));
}

/** @returns undefined where the library is absent, or made without JSON */
function withLibrary(): string | undefined {
  try {
    using nft = openLibnftables(JSON_OUTPUT);
    const text = nft.run("list ruleset");
    return text.startsWith("{") ? text : undefined;
  } catch {
    return undefined;
  }
}

function withProgram(...args: readonly string[]): string {
  const { error, status, stdout, stderr } = spawnSync("nft", args, {
    encoding: "utf8",
    maxBuffer: OUTPUT_LIMIT,
  });
  if (error !== undefined) throw new Error(`nft: ${messageOf(error)}`);
  if (status !== 0) throw new Error(stderr.trim());
  return stdout;
}
