import assert from "node:assert/strict";
import type {
  MapContainer,
  MapEndpoint,
  MapNetwork,
  NetworkMap,
  PortRow,
} from "../../../bin/cli/client/network-types.ts";
import { mapMermaid } from "../../../bin/cli/map/mermaid.ts";
import { mapSvg } from "../../../bin/cli/map/svg.ts";
import { mapText } from "../../../bin/cli/map/text.ts";
import { portTexts, topologyOf } from "../../../bin/cli/map/topology.ts";

const port = (HostIp: string, HostPort: number, ContainerPort: number, Protocol = "tcp"): PortRow => ({
  HostIp,
  HostPort,
  ContainerPort,
  Protocol,
  ContainerId: "",
  ContainerName: "",
});

const endpoint = (ContainerName: string, addresses: string, Interface: string): MapEndpoint => {
  const [IPv4Address = "", IPv6Address = ""] = addresses.split(" ");
  return {
    ContainerId: `${ContainerName}-id`,
    ContainerName,
    IPv4Address,
    IPv6Address,
    Interface,
    HostInterface: "",
    Aliases: [],
  };
};

const network = (Name: string, words: Partial<MapNetwork>): MapNetwork => ({
  Id: `${Name}-id`,
  Name,
  Driver: "bridge",
  Subnets: [],
  Bridge: "",
  Internal: false,
  Endpoints: [],
  ...words,
});

const container = (Name: string, words: Partial<MapContainer> = {}): MapContainer => ({
  Id: `${Name}-id`,
  Name,
  Running: true,
  NetworkMode: "bridge",
  Ports: [],
  ...words,
});

const MAP: NetworkMap = {
  Networks: [
    network("none", { Driver: "null" }),
    network("host", { Driver: "host", Endpoints: [endpoint("agent", "", "")] }),
    network("vault", {
      Subnets: ["172.19.0.0/16"],
      Bridge: "br-2",
      Internal: true,
      Endpoints: [endpoint("db", "172.19.0.2", "eth1")],
    }),
    network("lan", { Driver: "macvlan", Subnets: ["192.0.2.0/24"] }),
    network("front", {
      Subnets: ["172.18.0.0/16", "fd00:1::/64"],
      Bridge: "br-1",
      Endpoints: [
        endpoint("web", "172.18.0.2 fd00:1::2", "eth0"),
        endpoint("api", "172.18.0.3 fd00:1::3", ""),
        endpoint("db", "172.18.0.4 fd00:1::4", "eth0"),
      ],
    }),
  ],
  Containers: [
    container("agent", { NetworkMode: "host" }),
    container("api", { Running: false }),
    container("db"),
    container("side", { NetworkMode: "container:web" }),
    container("web", { Ports: [port("0.0.0.0", 8080, 80), port("::", 8080, 80), port("127.0.0.1", 9000, 90)] }),
  ],
  Grants: [
    {
      Id: "1",
      From: { Kind: "network", Id: "front-id", Name: "front" },
      To: { Kind: "container", Id: "db-id", Name: "db" },
      Protocol: "tcp",
      Port: 5432,
      Both: false,
    },
    {
      Id: "2",
      From: { Kind: "network", Id: "front-id", Name: "front" },
      To: { Kind: "network", Id: "vault-id", Name: "vault" },
      Both: true,
    },
  ],
};

describe("ctr net map", () => {
  it("is a tree of networks and containers, with what is open between them", () => {
    assert.equal(
      mapText(topologyOf(MAP)),
      `front   br-1   172.18.0.0/16   fd00:1::/64
├─ api        172.18.0.3 fd00:1::3   stopped
├─ db         172.18.0.4 fd00:1::4   eth0
├─ web        172.18.0.2 fd00:1::2   eth0      *:8080 → 80/tcp, 127.0.0.1:9000 → 90/tcp
└─   + side   in its network

vault   br-2   172.19.0.0/16   internal
└─ db   172.19.0.2   eth1

lan   macvlan   192.0.2.0/24

host   the host's own network
└─ agent

opened by ctr net allow
├─ front -> container:db:5432/tcp
└─ front <-> vault
`,
    );
  });

  it("shows containers inside of one that is inside of another, and not those in themselves", () => {
    const nested = topologyOf({
      ...MAP,
      Containers: [
        ...MAP.Containers,
        container("inner", { NetworkMode: "container:side-id" }),
        container("odd", { NetworkMode: "container:odd" }),
        container("lost", { NetworkMode: "container:gone" }),
      ],
    });
    const names = nested.containers.map(({ Name }) => Name);
    assert.deepEqual(names, ["api", "db", "web", "side", "inner", "agent", "odd", "lost"]);
  });

  it("is a mermaid graph", () => {
    const graph = mapMermaid(topologyOf(MAP));
    assert.match(graph, /^graph LR\n/);
    assert.match(graph, /^ {2}n0\{\{"front<br\/>br-1<br\/>172\.18\.0\.0\/16<br\/>fd00:1::\/64"\}\}$/m);
    assert.match(graph, /^ {2}n0 ---\|"172\.18\.0\.2<br\/>fd00:1::2"\| c2$/m);
    assert.match(graph, /^ {2}c2 -\.-\|"one network"\| c3$/m);
    assert.match(graph, /^ {2}c2p0\(\["\*:8080"\]\) -->\|"80\/tcp"\| c2$/m);
    assert.match(graph, /^ {2}n0 <-\.->\|"allowed"\| n1$/m);
    assert.match(graph, /^ {2}n0 -\.->\|"allowed 5432\/tcp"\| c1$/m);
    assert.ok(!graph.includes("no network"), "a network that nobody uses is not drawn");
  });

  it("lets no name break out of a mermaid text", () => {
    const graph = mapMermaid(topologyOf({ ...MAP, Networks: [network('a"]<b>#', {})], Containers: [], Grants: [] }));
    assert.equal(graph, 'graph LR\n  n0{{"a#quot;]#lt;b#gt;#35;"}}\n');
  });

  it("is an SVG drawing of well-formed XML, each thing once", () => {
    const svg = mapSvg(topologyOf(MAP));
    assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="\d+" height="\d+"/);
    const texts = [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);
    for (const text of [
      "front",
      "eth0 172.18.0.2 fd00:1::2",
      "*:8080 → 80/tcp",
      "api (stopped)",
      "in the network of web",
    ]) {
      assert.equal(texts.filter((one) => one === text).length, 1, text);
    }
    assert.equal([...svg.matchAll(/stroke-dasharray="6 4"/g)].length, MAP.Grants.length);
    assert.equal(
      [...svg.matchAll(/<path d="M[\d. ]+ C[-\d. ]+" fill="none" stroke="#(?!888)/g)].length,
      5,
      "a cable an endpoint",
    );
    assert.equal(depthOf(svg), 0);
    assert.match(mapSvg(topologyOf({ ...MAP, Networks: [network("a<&>", {})] })), />a&lt;&amp;&gt;</);
  });

  it("is empty without anything", () => {
    const nothing = topologyOf({ Networks: [], Containers: [], Grants: [] });
    assert.equal(mapText(nothing), "");
    assert.equal(mapMermaid(nothing), "graph LR\n");
    assert.match(mapSvg(nothing), /<\/svg>\n$/);
  });
});

describe("ports on the map", () => {
  it("are one where both families have them, and ranges where they follow each other", () => {
    const range = [7000, 7001, 7002].flatMap((number) => [
      port("0.0.0.0", number, number - 1000, "udp"),
      port("::", number, number - 1000, "udp"),
    ]);
    assert.deepEqual(portTexts(range), ["*:7000-7002 → 6000-6002/udp"]);
    assert.deepEqual(portTexts([port("0.0.0.0", 80, 80)]), ["0.0.0.0:80 → 80/tcp"]);
    assert.deepEqual(portTexts([port("::1", 80, 80), port("0.0.0.0", 80, 80)]), [
      "0.0.0.0:80 → 80/tcp",
      "[::1]:80 → 80/tcp",
    ]);
    assert.deepEqual(portTexts([port("0.0.0.0", 80, 1), port("0.0.0.0", 81, 1)]), [
      "0.0.0.0:80 → 1/tcp",
      "0.0.0.0:81 → 1/tcp",
    ]);
  });
});

/** Elements that are open at the end; throws nothing: -1 for one that was closed twice. */
function depthOf(xml: string): number {
  const tags = [...xml.matchAll(/<(\/?)[a-z]+[^>]*?(\/?)>/g)];
  return tags.reduce((depth, [, closing, single]) => depth + (closing ? -1 : single ? 0 : 1), 0);
}
