/**
 * A cheap sign of whether somebody changed the tables: the generation of nf_tables, or of legacy tables the number of
 * rules and their size, which getsockopt tells in a microsecond. Source: linux/netfilter_ipv4/ip_tables.h
 */
import { rawCall, systemCall } from "../../../lib/system/libc.ts";
import { AF_INET, AF_INET6, SOCK_CLOEXEC, SOCK_RAW } from "../../../lib/system/socket.ts";
import type { Family } from "../checks.ts";
import type { KernelView } from "../nftables/kernel-view.ts";
import { TABLES } from "./chains.ts";

export interface Stamp extends Disposable {
  read(): string;
}

export const nftStamp = (kernel: KernelView): Stamp => ({
  read: () => String(kernel.generation()),
  [Symbol.dispose]() {},
});

const IPPROTO_RAW = 255;
const SOL_IP = 0;
const SOL_IPV6 = 41;
/** IPT_SO_GET_INFO, and IP6T_SO_GET_INFO. */
const GET_INFO = 64;
/** struct ipt_getinfo: name[32], valid_hooks, hook_entry[5], underflow[5], num_entries, size */
const INFO_LENGTH = 84;
const NUMBER_AND_SIZE = 76;

/** @param families whose tables are watched, in the present network namespace */
export function legacyStamp(families: readonly Family[]): Stamp {
  const sockets = families.map((family) => ({
    level: family === 4 ? SOL_IP : SOL_IPV6,
    fd: systemCall("socket", "iptables", family === 4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW),
  }));
  return {
    read: () => sockets.flatMap(({ fd, level }) => TABLES.map((table) => infoOf(fd, level, table))).join(" "),
    [Symbol.dispose]() {
      for (const { fd } of sockets.splice(0)) rawCall("close", fd);
    },
  };
}

function infoOf(fd: number, level: number, table: string): string {
  const info = Buffer.alloc(INFO_LENGTH);
  info.write(table);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(INFO_LENGTH);
  systemCall("getsockopt", `iptables table ${table}`, fd, level, GET_INFO, info, length);
  return info.toString("hex", NUMBER_AND_SIZE);
}
