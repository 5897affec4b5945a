/** `--user name|uid[:group|gid]`, looked up in the container's own /etc/passwd and /etc/group (passwd(5), group(5)). */
import { invalid } from "../../lib/errors.ts";
import { readInRoot } from "./root-files.ts";

export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  /** Begins with the primary group, as Docker's. */
  readonly additionalGids: readonly number[];
  /** Empty when passwd does not know the user. */
  readonly home: string;
}

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

const LARGEST_ID = 2 ** 31 - 1;

/**
 * @param rootfs the container's root on the host
 * @param specification as given; empty is root
 * @param groupAdd further groups, by names or numbers
 * @throws `invalid` with Docker's texts
 */
export function resolveUser(rootfs: string, specification: string, groupAdd: readonly string[] = []): ResolvedUser {
  const [userPart = "", groupPart = ""] = specification.split(":");
  const entry = findUser(userPart, parsePasswd(readInRoot(rootfs, "/etc/passwd") ?? ""));
  if (groupPart === "" && entry.name === "" && groupAdd.length === 0) return result(entry, entry.gid, []);
  const groups = parseGroups(readInRoot(rootfs, "/etc/group") ?? "");
  const added = groupAdd.map((group) => findGroup(group, groups));
  if (groupPart !== "") return result(entry, findGroup(groupPart, groups), added);
  const own = entry.name === "" ? [] : groups.filter(({ members }) => members.includes(entry.name));
  return result(entry, entry.gid, [...own.map(({ gid }) => gid), ...added]);
}

const result = ({ uid, home }: PasswdEntry, gid: number, further: readonly number[]): ResolvedUser => ({
  uid,
  gid,
  additionalGids: [...new Set([gid, ...further])],
  home,
});

function findUser(given: string, entries: readonly PasswdEntry[]): PasswdEntry {
  const uid = given === "" ? 0 : parseId(given);
  const found = entries.find((entry) => (uid === undefined ? entry.name === given : entry.uid === uid));
  if (found !== undefined) return found;
  // A number needs no entry.
  if (uid !== undefined) return { name: "", uid, gid: 0, home: "" };
  throw invalid(`unable to find user ${given}: no matching entries in passwd file`, "CTR_USER_NOT_FOUND");
}

function findGroup(given: string, entries: readonly GroupEntry[]): number {
  const id = parseId(given);
  if (id !== undefined) return id;
  const found = entries.find(({ name }) => name === given);
  if (found !== undefined) return found.gid;
  throw invalid(`unable to find group ${given}: no matching entries in group file`, "CTR_GROUP_NOT_FOUND");
}

/** @returns undefined for what is a name. @throws `invalid` for a number out of range */
function parseId(text: string): number | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const id = Number(text);
  if (id < 0 || id > LARGEST_ID) {
    throw invalid(`uids and gids must be in range 0-${LARGEST_ID}`, "CTR_USER_OUT_OF_RANGE");
  }
  return id;
}

function parsePasswd(text: string): PasswdEntry[] {
  return records(text).map(([name = "", , uid, gid, , home = ""]) => ({ name, uid: idOf(uid), gid: idOf(gid), home }));
}

function parseGroups(text: string): GroupEntry[] {
  return records(text).map(([name = "", , gid, members = ""]) => ({
    name,
    gid: idOf(gid),
    members: members.split(","),
  }));
}

const records = (text: string): string[][] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(":"));

/** An id that cannot be read counts as 0, as Docker takes it. */
function idOf(field: string | undefined): number {
  return /^\d+$/.test(field ?? "") ? Number(field) : 0;
}
