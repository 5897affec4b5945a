/** The kinds of paths: how they are asked about, and how a real program uses them. */
import type { Question } from "./agent.ts";
import type { Where, World } from "./world.ts";

export interface Path {
  readonly kind: PathKind;
  /** Arguments of `ctr net why`. */
  readonly from: string;
  readonly to: string;
  /** Bytes of the IP packet that is asked about, where it matters. */
  readonly size?: number;
  /** Where the program runs, and what it does. */
  readonly where: Where;
  readonly question: Omit<Question, "patience">;
}

export type PathKind = keyof typeof PATHS;

type Maker = (world: World) => Omit<Path, "kind">;

const maker = (where: Where, from: (world: World) => string, target: (world: World) => Target): Maker => {
  return (world) => {
    const { address, port, protocol = "tcp", as = address, size, ask = size, named } = target(world);
    const written = as.includes(":") ? `[${as}]` : as;
    return {
      from: from(world),
      to: `${written}:${port}${protocol === "udp" ? "/udp" : ""}`,
      where,
      question: {
        ...{ protocol, address, port },
        ...(ask === undefined ? {} : { size: ask }),
        ...(named === undefined ? {} : { family: named }),
      },
      ...(size === undefined ? {} : { size }),
    };
  };
};

interface Target {
  readonly address: string;
  readonly port: number;
  readonly protocol?: "tcp" | "udp";
  /** How it is written for `ctr net why`, when not as the address. */
  readonly as?: string;
  /** Bytes of a packet. */
  readonly size?: number;
  /** Bytes that the program sends. */
  readonly ask?: number;
  /** Of the addresses of a name, those of this family. */
  readonly named?: 4 | 6;
}

const host = () => "host";
const outside = () => "outside";
const client = ({ plan }: World): string => plan.client;
const server = ({ plan }: World): string => plan.server;
const far = ({ plan }: World): string => plan.far;

/** More than any segment: big packets are on their way both as segments and as one. */
const BIG = 200_000;

export const PATHS = {
  egress: maker("client", client, ({ plan }) => ({ address: plan.outside4, port: plan.ports.outside })),
  egressUdp: maker("client", client, ({ plan }) => ({
    address: plan.outside4,
    port: plan.ports.outside,
    protocol: "udp",
  })),
  egress6: maker("client", client, ({ plan }) => ({ address: plan.outside6, port: plan.ports.outside })),
  egressBig: maker("client", client, ({ plan }) => ({
    address: plan.outside4,
    port: plan.ports.outside,
    size: 1500,
    ask: BIG,
  })),
  /** A datagram of the size that the cables take. */
  egressBigUdp: maker("client", client, ({ plan }) => ({
    address: plan.outside4,
    port: plan.ports.outside,
    protocol: "udp",
    size: 1500,
    ask: 1469,
  })),
  published: maker("outside", outside, ({ plan }) => ({ address: plan.host4, port: plan.ports.publishedTcp })),
  publishedUdp: maker("outside", outside, ({ plan }) => ({
    address: plan.host4,
    port: plan.ports.publishedUdp,
    protocol: "udp",
  })),
  published6: maker("outside", outside, ({ plan }) => ({ address: plan.host6, port: plan.ports.publishedTcp })),
  hostPublished: maker("host", host, ({ plan }) => ({ address: plan.host4, port: plan.ports.publishedTcp })),
  localhost: maker("host", host, ({ plan }) => ({ address: "127.0.0.1", port: plan.ports.publishedTcp })),
  localhost6: maker("host", host, ({ plan }) => ({ address: "::1", port: plan.ports.publishedTcp })),
  /** Published on 127.0.0.1 alone. */
  localOnly: maker("host", host, ({ plan }) => ({ address: "127.0.0.1", port: plan.ports.publishedLocal })),
  icc: maker("client", client, (world) => ({
    address: world.member("server").address4,
    port: world.plan.ports.tcp,
    as: world.plan.server,
  })),
  iccUdp: maker("client", client, (world) => ({
    address: world.member("server").address4,
    port: world.plan.ports.udp,
    as: world.plan.server,
    protocol: "udp",
  })),
  icc6: maker("client", client, (world) => ({
    address: world.member("server").address6,
    port: world.plan.ports.tcp,
  })),
  iccBig: maker("client", client, (world) => ({
    address: world.member("server").address4,
    port: world.plan.ports.tcp,
    as: world.plan.server,
    size: 1500,
    ask: BIG,
  })),
  /** By the name that the engine's server gives. */
  iccName: maker("client", client, ({ plan }) => ({ address: plan.server, port: plan.ports.tcp, named: 4 })),
  hostToContainer: maker("host", host, (world) => ({
    address: world.member("server").address4,
    port: world.plan.ports.tcp,
    as: world.plan.server,
  })),
  hostToContainer6: maker("host", host, (world) => ({
    address: world.member("server").address6,
    port: world.plan.ports.tcp,
  })),
  /** A container's own published port. */
  hairpin: maker("server", server, ({ plan }) => ({ address: plan.host4, port: plan.ports.publishedTcp })),
  /** A neighbour's published port. */
  neighbourPublished: maker("client", client, ({ plan }) => ({ address: plan.host4, port: plan.ports.publishedTcp })),
  /** That of a container on another network. */
  crossPublished: maker("far", far, ({ plan }) => ({ address: plan.host4, port: plan.ports.publishedTcp })),
  egressName: maker("client", client, ({ plan }) => ({
    address: plan.outsideName,
    port: plan.ports.outside,
    named: 4,
  })),
  // Those that are closed on purpose, or lead nowhere.
  otherNetwork: maker("far", far, (world) => ({
    address: world.member("server").address4,
    port: world.plan.ports.tcp,
    as: world.plan.server,
  })),
  internalEgress: maker(
    "inner",
    ({ plan }) => plan.inner,
    ({ plan }) => ({ address: plan.outside4, port: plan.ports.outside }),
  ),
  noIcc: maker(
    "cell",
    ({ plan }) => plan.cell,
    (world) => ({ address: world.member("cell2").address4, port: world.plan.ports.tcp, as: world.plan.cell2 }),
  ),
  unpublished: maker("outside", outside, ({ plan }) => ({ address: plan.host4, port: plan.ports.unpublished })),
  publishedElsewhere: maker("outside", outside, ({ plan }) => ({
    address: plan.host4,
    port: plan.ports.publishedLocal,
  })),
  publishedWrong: maker("outside", outside, ({ plan }) => ({ address: plan.host4, port: plan.ports.publishedWrong })),
  otherName: maker("far", far, ({ plan }) => ({ address: plan.server, port: plan.ports.tcp, named: 4 })),
  only6: maker("far", far, ({ plan }) => ({ address: plan.outsideName6, port: plan.ports.outside })),
} as const satisfies Record<string, Maker>;

/** Those that work when nothing is broken. */
export const OPEN_PATHS = [
  ...["egress", "egressUdp", "egress6", "egressBig", "egressBigUdp", "egressName"],
  ...["published", "publishedUdp", "published6", "hostPublished", "localhost", "localhost6", "localOnly"],
  ...["icc", "iccUdp", "icc6", "iccBig", "iccName", "hostToContainer", "hostToContainer6"],
  ...["hairpin", "neighbourPublished", "crossPublished"],
] as const satisfies readonly PathKind[];

export const pathOf = (world: World, kind: PathKind): Path => ({ kind, ...PATHS[kind](world) });

/** Whether a real program gets its answer on the path. @param patience milliseconds */
export async function use(world: World, path: Path, patience: number): Promise<{ works: boolean; answer: string }> {
  const answer = await world.ask(path.where, { ...path.question, patience });
  return { works: /^(saw|got|echo) /.test(answer), answer };
}
