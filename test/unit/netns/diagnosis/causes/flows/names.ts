/** The way to name servers: 5xx. */
import { at, type Case, dns, filter, inside } from "./case.ts";

export const NAMES: readonly Case[] = [
  {
    code: "CTRN501",
    what: "a name server in the container itself",
    flow: dns("127.0.0.53"),
    ends: (host) => [at("no-listener", inside(host, "web"), { port: 53 })],
  },
  {
    code: "CTRN502",
    what: "the host's firewall before its name server",
    flow: dns("10.10.1.1"),
    ends: () => [filter({ hook: "input", policy: true })],
  },
  {
    code: "CTRN502",
    what: "a filter that lets the host ask nobody",
    flow: dns("192.0.2.2", { from: "host", source: "" }),
    ends: () => [filter({ hook: "output" })],
  },
  {
    code: "CTRN503",
    what: "no name server on the host",
    flow: dns("10.10.1.1"),
    ends: () => [at("no-listener", "host", { port: 53 })],
  },
  {
    code: "CTRN503",
    what: "our name server gone",
    flow: dns("127.0.0.11"),
    ends: (host) => [at("no-listener", inside(host, "web"), { port: 53 })],
  },
  {
    code: "CTRN504",
    what: "no TCP to name servers",
    flow: dns("192.0.2.2", { protocol: "tcp" }),
    ends: () => [filter({ ruleText: "tcp dport 53 drop" })],
  },
];
