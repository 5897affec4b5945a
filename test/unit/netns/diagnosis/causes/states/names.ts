/** Names: 5xx. */
import type { Damage } from "./state.ts";

export const NAMES: readonly Damage[] = [
  [
    "CTRN501",
    "a name server in the container itself",
    (host) => {
      host.inside("web").resolvConf = "nameserver 127.0.0.53\n";
    },
  ],
  [
    "CTRN503",
    "our name server gone",
    (host) => {
      host.inside("web").sockets = [];
    },
  ],
  [
    "CTRN506",
    "the host asks us",
    (host) => {
      host.host.resolvConf = "nameserver 172.17.0.1\n";
    },
  ],
  [
    "CTRN508",
    "many search domains",
    (host) => {
      host.inside("lonely").resolvConf = "nameserver 192.0.2.2\nsearch a.x b.x c.x d.x\noptions ndots:5\n";
    },
  ],
  [
    "CTRN512",
    "a container that asks no name server",
    (host) => {
      host.inside("web").nameSources = "hosts: files [NOTFOUND=return]";
    },
  ],
  [
    "CTRN512",
    "a line that stops before it asks",
    (host) => {
      host.inside("web").nameSources = "hosts: files [!SUCCESS=return] dns";
    },
  ],
  [
    "CTRN513",
    "line ends of Windows",
    (host) => {
      host.inside("web").resolvConf = "nameserver 127.0.0.11\r\noptions ndots:0\r\n";
    },
  ],
];
