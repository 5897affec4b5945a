import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { redact } from "../../../../netns/diagnosis/redact.ts";
import { AddressMapping } from "../../../../netns/diagnosis/redaction/addresses.ts";
import { mapText } from "../../../../netns/diagnosis/redaction/texts.ts";
import {
  type Flow,
  HOST,
  inspectState,
  type NamespaceState,
  OUTSIDE,
  type RouteState,
  type Snapshot,
  SnapshotView,
  walk,
} from "../../../../netns/index.ts";

const KEY = Buffer.from("a key of a test");
const mapping = new AddressMapping(KEY);
const FIXTURE = join(import.meta.dirname, "../../../fixtures/diagnosis/healthy.json");

/** The host's uplink and one of the networks have public addresses. */
const healthy = JSON.parse(
  readFileSync(FIXTURE, "utf8").replaceAll("192.0.2.", "93.184.216.").replaceAll("10.10.1.", "23.45.67."),
) as Snapshot;

const idOf = (name: string): string =>
  healthy.intent.containers.find((one) => one.name === name)?.id ?? assert.fail(name);

/** The snapshot with another state of one namespace. */
const changed = (key: string, change: (namespace: NamespaceState) => Partial<NamespaceState>): Snapshot => ({
  ...healthy,
  namespaces: healthy.namespaces.map((one) => (one.key === key ? { ...one, ...change(one) } : one)),
});

const route: Omit<RouteState, "destination" | "device"> = {
  family: 4,
  table: 254,
  type: "unicast",
  ...{ gateway: undefined, preferredSource: undefined, metric: 0, mtu: undefined, flags: [], nexthops: [] },
};

const FAULTS: Readonly<Record<string, Snapshot>> = {
  nothing: healthy,
  "forwarding is off": changed(HOST, ({ sysctls }) => ({ sysctls: { ...sysctls, "net.ipv4.ip_forward": "0" } })),
  "a cable is down": changed(HOST, ({ links }) => ({
    links: links.map((link) => (link.kind === "veth" && link.master !== undefined ? { ...link, up: false } : link)),
  })),
  "no way out of a container": changed(idOf("web"), ({ routes }) => ({
    routes: routes.filter(({ destination }) => destination !== "0.0.0.0/0"),
  })),
  "another has the gateway's address": changed(idOf("web"), ({ routes }) => ({
    routes: routes.map((one) => (one.gateway === undefined ? one : { ...one, gateway: "23.45.67.254" })),
  })),
  "a more specific route leads a subnet away": changed(HOST, ({ routes }) => ({
    routes: [{ ...route, destination: "23.45.67.0/25", device: "cable" }, ...routes],
  })),
  "a prefix is too wide": changed(idOf("web"), ({ routes }) => ({
    routes: [{ ...route, destination: "93.0.0.0/8", device: "eth0" }, ...routes],
  })),
  "a route swallows": changed(HOST, ({ routes }) => ({
    routes: [{ ...route, type: "blackhole", destination: "93.184.216.2/32", device: undefined }, ...routes],
  })),
  "an address is there twice": changed(idOf("api"), ({ links }) => ({
    links: links.map((link) => ({
      ...link,
      addresses: link.addresses.map((one) => (one.address === "23.45.67.3" ? { ...one, address: "23.45.67.2" } : one)),
    })),
  })),
  "a neighbour is wrong": changed(idOf("web"), () => ({
    neighbours: [{ family: 4, address: "23.45.67.3", device: "eth0", mac: "02:00:00:00:00:77", state: "permanent" }],
  })),
  "the firewall is gone": changed(HOST, () => ({ nftables: [] })),
};

const FLOWS: readonly Pick<Flow, "from" | "destination" | "destinationPort">[] = [
  { from: idOf("web"), destination: "23.45.67.3", destinationPort: 8080 },
  { from: idOf("web"), destination: "93.184.216.2", destinationPort: 80 },
  { from: OUTSIDE, destination: "93.184.216.1", destinationPort: 8080 },
  { from: idOf("db"), destination: "23.45.67.2", destinationPort: 80 },
  { from: HOST, destination: "23.45.67.2", destinationPort: 80 },
];

const flowOf = (ends: (typeof FLOWS)[number], map: (text: string) => string): Flow => ({
  ...ends,
  destination: map(ends.destination),
  ...{ source: ends.from === OUTSIDE ? map("93.184.216.2") : "", family: 4, protocol: "tcp", sourcePort: 0 },
  ...{ size: undefined, to: undefined, fromText: "", toText: "" },
});

/** What is found, and how each flow ends. */
function conclusionsOf(snapshot: Snapshot, map: (text: string) => string) {
  const view = new SnapshotView(snapshot);
  return {
    findings: inspectState(view).map(({ code, severity, confidence, object }) => ({
      code,
      severity,
      confidence,
      object,
    })),
    walks: FLOWS.map((ends) => {
      const { result, arrivesAt, deaths, there, back } = walk(view, flowOf(ends, map));
      const places = [...there, ...back].map(({ place, stage, verdict }) => `${place} ${stage} ${verdict}`);
      return { result, arrivesAt, places, deaths: deaths.map(({ direction, death }) => `${direction} ${death.kind}`) };
    }),
  };
}

describe("the diagnosis of a redacted snapshot", () => {
  const results = Object.entries(FAULTS).map(([name, snapshot]) => {
    const real = conclusionsOf(snapshot, (text) => text);
    return { name, snapshot, real };
  });

  for (const { name, snapshot, real } of results) {
    it(`comes to the same as that of the real one: ${name}`, () => {
      const redacted = redact(JSON.parse(JSON.stringify(snapshot)) as Snapshot, { key: KEY });
      const mapped = conclusionsOf(redacted, (text) => mapText(text, mapping));
      const expected = real.findings.map((finding) => ({ ...finding, object: mapText(finding.object, mapping) }));
      assert.deepEqual(mapped, { ...real, findings: expected });
    });
  }

  it("is asked about faults that differ", () => {
    const conclusions = new Set(results.map(({ real }) => JSON.stringify(real)));
    assert.equal(conclusions.size, results.length);
  });
});
