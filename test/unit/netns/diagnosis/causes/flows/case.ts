/** One case of a flow that fails: what is broken, how the packet ends, and which cause has to be named. */
import type { Flow, Observations } from "../../../../../../netns/diagnosis/types/index.ts";
import type { Damaged, Ending } from "../damaged.ts";

export interface Case {
  readonly code: string;
  readonly what: string;
  /** Told behind the cause that is more to the point. */
  readonly behind?: string;
  readonly flow?: (host: Damaged) => Partial<Flow>;
  readonly damage?: (host: Damaged) => void;
  /** Link of the host's by which its route leads. */
  readonly route?: (host: Damaged) => string;
  readonly ends?: (host: Damaged) => readonly Ending[];
  readonly seen?: (host: Damaged) => Observations;
}

export const egress = (): Partial<Flow> => ({
  destination: "198.51.100.1",
  destinationPort: 443,
  to: "outside",
  toText: "outside",
});
export const published = (): Partial<Flow> => ({
  ...{ from: "outside", source: "192.0.2.2", destination: "192.0.2.1", destinationPort: 8080 },
  ...{ fromText: "outside", toText: "web:8080" },
});
export const translated = (host: Damaged) => ({ destination: host.address("web"), destinationPort: 80 });
export const dns =
  (destination: string, more: Partial<Flow> = {}) =>
  (): Partial<Flow> => ({
    ...{ destination, destinationPort: 53, protocol: "udp", toText: "its name server" },
    ...more,
  });

export const filter = (facts: Record<string, string | number | boolean>, more: Partial<Ending> = {}): Ending => ({
  kind: "filter-drop",
  place: "host",
  facts: {
    ...{ family: "inet", table: "x", chain: "y", hook: "forward", priority: 0, policy: false, handle: 3 },
    ...{ ruleText: "drop", backend: "nft", ours: false },
    ...facts,
  },
  ...more,
});
export const ours = (more: Partial<Ending> = {}): Ending =>
  filter({ table: "ctr", chain: "crossing", ours: true, comment: "port is not published, or another network" }, more);
export const at = (
  kind: Ending["kind"],
  place: string,
  facts: Record<string, string | number | boolean> = {},
  more: Partial<Ending> = {},
): Ending => ({
  ...{ kind, place, facts: { place, ...facts } },
  ...(typeof facts["device"] === "string" ? { device: facts["device"] } : {}),
  ...more,
});
export const inside = (host: Damaged, name: string) => host.container(name).id;
export const cable = (host: Damaged, name: string): string => host.cable(name).name;

/** Seen on the host's uplink. */
export const LEFT = { place: "host", direction: "there", device: "cable", event: "sent", at: 1 } as const;
