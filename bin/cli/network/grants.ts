/** What `ctr net allow` and `deny` name, and how an opening is written. */
import { formatPortKey, parsePort } from "../../../netns/index.ts";
import { single } from "../../flags/options.ts";
import type { GrantEnd, GrantRow } from "../client/network-types.ts";

/** One side: `front`, or `container:web` and `network:front` where both have that name. */
export function grantEnd(text: string): { readonly Kind?: "network" | "container"; readonly Name: string } {
  const [, kind, name] = /^(network|container):(.+)$/.exec(text) ?? [];
  if (name === undefined) return { Name: text };
  return { Kind: kind === "network" ? "network" : "container", Name: name };
}

/** `--port 5432`, `--port 53/udp`. */
export const portOption = () =>
  single({ value: "port", help: "Only this port of B: 5432, 53/udp", parse: parseGrantPort });

const parseGrantPort = (text: string): string => formatPortKey(parsePort(text));

/** The body of a request to open or close. */
export const grantRequest = (from: string, to: string, port: string | undefined) => ({
  From: grantEnd(from),
  To: grantEnd(to),
  ...(port === undefined ? {} : { Port: port }),
});

/** `front <-> back`, `web -> db:5432/tcp`. */
export function grantText({ From, To, Port, Protocol = "tcp", Both }: GrantRow): string {
  const port = Port === undefined ? "" : `:${Port}/${Protocol}`;
  return `${endText(From)} ${Both ? "<->" : "->"} ${endText(To)}${port}`;
}

const endText = ({ Kind, Name }: GrantEnd): string => (Kind === "container" ? `container:${Name}` : Name);
