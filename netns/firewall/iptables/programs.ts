/** The host's iptables programs, of the one of its two implementations that the host uses. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { runCommand } from "../../../lib/command.ts";
import { unsupported } from "../../../lib/errors.ts";
import { BackendError } from "../backend.ts";
import type { Family } from "../checks.ts";
import { Saved } from "./saved.ts";

export type IptablesMode = "nft" | "legacy";

/** Seconds to wait for another program's lock on the legacy tables. */
const LOCK_WAIT_S = 5;
const OUTPUT_LIMIT = 64 * 1024 * 1024;

export class IptablesPrograms {
  readonly mode: IptablesMode;
  readonly #names: Readonly<Record<Family, string>>;

  constructor(mode: IptablesMode, names: Readonly<Record<Family, string>>) {
    this.mode = mode;
    this.#names = names;
  }

  /**
   * Asks bin/iptables-wrapper, once.
   * @throws `unsupported` without the programs for one of these families
   */
  static find(families: readonly Family[]): IptablesPrograms {
    const { status, stdout, stderr, error } = spawnSync(wrapper(), ["find"], { encoding: "utf8" });
    if (error !== undefined) throw error;
    const [mode, four = "-", six = "-"] = stdout.trim().split(" ");
    if (status !== 0 || (mode !== "nft" && mode !== "legacy")) throw missing(stderr.trim());
    if (families.includes(6) && six === "-") throw missing(`${four} has no twin for IPv6 on this host`);
    return new IptablesPrograms(mode, { 4: four, 6: six });
  }

  /** One transaction for each table. @throws {BackendError} */
  restore(family: Family, input: string): void {
    const wait = this.mode === "legacy" ? ["--wait", String(LOCK_WAIT_S)] : [];
    const program = `${this.#names[family]}-restore`;
    const { status, stderr, error } = spawnSync(program, ["--noflush", ...wait], { input, encoding: "utf8" });
    if (error !== undefined) throw error;
    // It does not tell a missing chain from other faults by its code: everything is worth a second try from scratch.
    if (status !== 0) throw new BackendError(`${program}: ${explained(stderr, input)}`, true);
  }

  save(family: Family): Saved {
    const program = `${this.#names[family]}-save`;
    const { status, stdout, stderr, error } = spawnSync(program, [], { encoding: "utf8", maxBuffer: OUTPUT_LIMIT });
    if (error !== undefined) throw error;
    if (status !== 0) throw new BackendError(`${program}: ${stderr.trim()}`, false);
    return new Saved(stdout);
  }

  /** With counters, without keeping anybody waiting. */
  async saveWithCounters(family: Family): Promise<Saved> {
    return new Saved((await runCommand([`${this.#names[family]}-save`, "-c"])).stdout);
  }
}

/** The program names the line: it is shown. */
function explained(stderr: string, input: string): string {
  const text = stderr.trim().replaceAll("\n", "; ");
  const line = Number(/line:? (\d+)/.exec(stderr)?.[1]);
  const statement = input.split("\n")[line - 1];
  return statement === undefined ? text : `${text}: ${statement}`;
}

/** Beside the sources and beside dist/ alike, in the package's bin folder. */
function wrapper(): string {
  for (let directory = import.meta.dirname; directory !== dirname(directory); directory = dirname(directory)) {
    const path = join(directory, "bin/iptables-wrapper");
    if (existsSync(path)) return path;
  }
  throw missing("bin/iptables-wrapper is not in the package of ctr");
}

const missing = (reason: string) =>
  unsupported(`the firewall backend iptables cannot be used: ${reason}`, {
    code: "CTR_IPTABLES_MISSING",
    hint: "install the package iptables, or use the backend nftables",
  });
