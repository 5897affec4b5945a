/** Programs and their limits: 6xx. */
import { listener } from "../damaged.ts";
import type { Damage } from "./state.ts";

export const PROGRAMS: readonly Damage[] = [
  [
    "CTRN602",
    "a published program on loopback",
    (host) => {
      host.inside("web").sockets = host.inside("web").sockets.filter(({ port }) => port !== 80);
      host.inside("web").sockets.push(listener(80, "127.0.0.1"));
    },
  ],
  [
    "CTRN604",
    "a full queue",
    (host) => void host.inside("web").sockets.push(listener(80, "0.0.0.0", { waiting: 2, backlog: 1 })),
  ],
  [
    "CTRN605",
    "no file left",
    (host) => void Object.assign(host.program("web").processes[0] ?? {}, { openFiles: 10, openFilesLimit: 10 }),
  ],
  [
    "CTRN606",
    "ctr's companion that was stopped",
    (host) => {
      const process = { pid: 7, name: "ctr-dataplane", stopped: true };
      host.host.sockets.push({ ...listener(9999, "0.0.0.0"), process });
    },
  ],
  [
    "CTRN606",
    "a container frozen by somebody else",
    (host) => {
      host.program("web").frozen = true;
    },
  ],
  [
    "CTRN606",
    "a stopped program",
    (host) => void Object.assign(host.program("web").processes[0] ?? {}, { state: "T" }),
  ],
  ["CTRN607", "few ports", (host) => host.sysctl("net.ipv4.ip_local_port_range", "40000 40001", host.inside("web"))],
];
