/** Names, addresses and ports of a topology: all of them by chance, so that no diagnosis can know them beforehand. */
import { Random } from "./random.ts";

export interface Plan {
  readonly seed: number;
  readonly random: Random;
  /** Containers. */
  readonly client: string;
  readonly server: string;
  /** A third one on their network, which nobody needs. */
  readonly third: string;
  /** On another network than those. */
  readonly far: string;
  /** On a network whose containers may not reach each other. */
  readonly cell: string;
  readonly cell2: string;
  /** On an internal network. */
  readonly inner: string;
  readonly networks: {
    readonly front: string;
    readonly back: string;
    readonly closed: string;
    readonly internal: string;
  };
  readonly subnets: {
    readonly front4: string;
    readonly front6: string;
    readonly back4: string;
    readonly closed4: string;
    readonly internal4: string;
  };
  /** The host's link to the outside, and the outside's. */
  readonly uplink: string;
  readonly cable: string;
  readonly host4: string;
  readonly host6: string;
  /** The outside's end of the cable: the host's gateway and name server. */
  readonly gateway4: string;
  readonly gateway6: string;
  /** Where servers of the outside are: beyond the gateway. */
  readonly outside4: string;
  readonly outside6: string;
  readonly ports: Ports;
  /** Names that the outside's server knows: of both families, and of IPv6 alone. */
  readonly outsideName: string;
  readonly outsideName6: string;
}

export interface Ports {
  /** Of the server, inside. */
  readonly tcp: number;
  readonly udp: number;
  /** Of the host, which lead there. */
  readonly publishedTcp: number;
  readonly publishedUdp: number;
  /** Published on 127.0.0.1 alone. */
  readonly publishedLocal: number;
  /** Published, and leads to a port of the server where nobody listens. */
  readonly publishedWrong: number;
  /** Nobody's. */
  readonly unpublished: number;
  /** Of the servers outside, TCP and UDP. */
  readonly outside: number;
}

export function makePlan(seed: number): Plan {
  const random = new Random(seed);
  const words = Array.from({ length: 12 }, () => random.word());
  const [client, server, third, far, cell, cell2, inner, front, back, closed, internal, host] = words as Twelve;
  const thirds = random.shuffle(Array.from({ length: 200 }, (_, index) => index + 20)).slice(0, 5) as Five;
  const second = random.between(40, 250);
  const low = new Set<number>();
  while (low.size < 3) low.add(random.between(1025, 19_000));
  const high = new Set<number>();
  while (high.size < 6) high.add(random.between(20_000, 29_999));
  const [tcp = 0, udp = 0, outside = 0] = low;
  const [publishedTcp = 0, publishedUdp = 0, publishedLocal = 0, publishedWrong = 0, unpublished = 0] = high;
  const cable = random.between(1, 250);
  return {
    ...{ seed, random, client, server, third, far, cell, cell2, inner },
    networks: { front, back, closed, internal },
    subnets: {
      front4: `10.${second}.${thirds[0]}.0/24`,
      front6: `fd${random.hex(2)}:${random.hex(4)}:${thirds[0]}::/64`,
      back4: `10.${second}.${thirds[1]}.0/24`,
      closed4: `10.${second}.${thirds[2]}.0/24`,
      internal4: `10.${second}.${thirds[3]}.0/24`,
    },
    uplink: `up${random.hex(4)}`,
    cable: `cable${random.hex(3)}`,
    host4: `198.18.${cable}.1`,
    host6: `2001:db8:${cable}::1`,
    gateway4: `198.18.${cable}.2`,
    gateway6: `2001:db8:${cable}::2`,
    outside4: `203.0.113.${random.between(1, 250)}`,
    outside6: `2001:db8:ffff::${random.between(1, 250)}`,
    ports: { tcp, udp, publishedTcp, publishedUdp, publishedLocal, publishedWrong, unpublished, outside },
    outsideName: `${host}.example`,
    outsideName6: `six.${host}.example`,
  };
}

type Twelve = [string, string, string, string, string, string, string, string, string, string, string, string];
type Five = [number, number, number, number, number];
