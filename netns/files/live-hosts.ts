/**
 * Changes of the hosts file of a container that runs. The file is bound into the container, so it is written over and never
 * replaced; lines that the user has written or changed stay as they are.
 */
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { isIPv6 } from "node:net";
import { hasCode } from "../../lib/errors.ts";
import { canonical } from "./hosts.ts";

/** Whole lines, without their line breaks. */
export interface HostsChange {
  readonly add?: readonly string[];
  /** Only lines that are exactly these are taken out. */
  readonly remove?: readonly string[];
}

/**
 * Lines that are there already are not added again. A file that is not there is left so: its container has gone.
 * @throws the Node system error when it cannot be written
 */
export function updateHosts(path: string, change: HostsChange): void {
  rewrite(path, (content) => changedHosts(content, change));
}

/**
 * Gives the lines whose first name is `alias` another address, where theirs is of the same family; for links, whose
 * targets may come back with another address.
 * @throws the Node system error when it cannot be written
 */
export function renewHostsAddress(path: string, alias: string, address: string): void {
  rewrite(path, (content) => renewedHosts(content, alias, address));
}

/**
 * Takes away the lines whose names begin with these: for a link that is no more, whose line has its alias and the target's
 * host name.
 * @throws the Node system error when it cannot be written
 */
export function removeHostsNames(path: string, names: readonly [string, string]): void {
  rewrite(path, (content) => hostsWithout(content, names));
}

/** Exported for tests. */
export function hostsWithout(content: string, [first, second]: readonly [string, string]): string {
  const isMeant = (line: string): boolean => {
    const [, ...names] = line.split("#", 1).join().trim().split(/\s+/);
    return names[0] === first && names[1] === second;
  };
  return textOf(linesOf(content).filter((line) => !isMeant(line)));
}

/** Exported for tests. */
export function changedHosts(content: string, { add = [], remove = [] }: HostsChange): string {
  const gone = new Set(remove);
  const kept = linesOf(content).filter((line) => !gone.has(line));
  return textOf([...kept, ...add.filter((line) => !kept.includes(line))]);
}

/** Exported for tests. */
export function renewedHosts(content: string, alias: string, address: string): string {
  const lines = linesOf(content).map((line) => {
    const [, former = "", blank = "", name, rest = ""] = /^([^\s#]+)(\s+)(\S+)(.*)$/.exec(line) ?? [];
    const isAlias = name === alias && isIPv6(former) === isIPv6(address);
    return isAlias ? `${canonical(address)}${blank}${name}${rest}` : line;
  });
  return textOf(lines);
}

/** A last line without a line break counts as one. */
const linesOf = (content: string): string[] => (content === "" ? [] : content.replace(/\n$/, "").split("\n"));
const textOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");

function rewrite(path: string, change: (content: string) => string): void {
  try {
    const content = readFileSync(path, "utf8");
    const changed = change(content);
    if (changed !== content) writeOver(path, changed, content);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}

/** A reader must not find the file empty: it is written first, and what is left of the former content cut off then. */
function writeOver(path: string, content: string, former: string): void {
  const padding = Math.max(0, Buffer.byteLength(former) - Buffer.byteLength(content));
  writeFileSync(path, content + "\n".repeat(padding), { flag: "r+" });
  truncateSync(path, Buffer.byteLength(content));
}
