import { type Cable, cablesOf } from "../../intended.ts";
import { type Obstacle, obstaclesOf } from "../../obstacles.ts";
import { type Cause, HOST } from "../../types/index.ts";
import { placeOf, text } from "../facts.ts";
import { byHand, inPlace, repaired } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { insideName, inspectCables } from "./cables.ts";

export const noAddress: Cause = {
  code: "CTRN316",
  severity: "error",
  heading: "A container has lost its address",

  inspect: (context) => inspectCables(noAddress, context, isFaulty, caseOf),

  explain: (context) =>
    obstaclesOf(context).flatMap((obstacle) => {
      const faulty = cablesOf(context.view).filter(isFaulty);
      const [place, address] = [
        placeOf(obstacle),
        text(obstacle, "address") || (obstacle.packet?.destination ?? context.flow.destination),
      ];
      const isInside = ["no-route", "no-source-address", "neighbour-silent", "answer-unroutable", "misrouted"].includes(
        obstacle.kind,
      );
      const cable =
        faulty.find(({ namespace }) => isInside && place !== HOST && namespace.key === place) ??
        faulty.find(({ endpoint }) => isInside && [endpoint.address, endpoint.address6].includes(address)) ??
        // The kernel sends with an address of the link alone when there is no other one.
        faulty.find(({ namespace }) => isOfLink(obstacle) && namespace.key === context.flow.from) ??
        // The packet gets there, and the container does not take it for its own.
        faulty.find(({ namespace }) => obstacle.kind === "forwarding-off" && namespace.key === place);
      return cable === undefined ? [] : found(noAddress, obstacle, caseOf(cable));
    }),
};

const isOfLink = ({ packet }: Obstacle): boolean => packet?.source.startsWith("fe80:") === true;

/** One that somebody else was found to have is there, and is not used. */
function lostAddresses({ inside, endpoint }: Cable): string[] {
  if (inside === undefined) return [];
  const has = (address: string): boolean =>
    inside.addresses.some((one) => one.address === address && one.state !== "failed");
  // A link that goes down loses its IPv6 addresses: that is told as what it is.
  return [endpoint.address, inside.up ? endpoint.address6 : ""].filter((address) => address !== "" && !has(address));
}

const isFaulty = (cable: Cable): boolean => lostAddresses(cable).length > 0;

function caseOf(cable: Cable): Case {
  const { interfaceName, container, inside, namespace } = cable;
  const lost = lostAddresses(cable).join(" and ");
  const refused = inside?.addresses.find(({ address, state }) => state === "failed" && lost.includes(address));
  if (refused !== undefined) return caseOfDuplicate(cable, refused.address);
  const key = `net.ipv6.conf.${interfaceName}.disable_ipv6`;
  if (lost === cable.endpoint.address6 && namespace.sysctls[key] === "1") return caseOfSwitch(cable, key);
  if (lost === cable.endpoint.address6 && (inside?.mtu ?? IPV6_LEAST) < IPV6_LEAST) return caseOfSize(cable);
  return {
    object: insideName(cable),
    title: `The container ${container.name} has lost its address ${lost}.`,
    explanation:
      `Without it the container neither sends nor is it found, and the routes that hung on it are gone as well. A program in the ` +
      `container that may change the network has taken it from ${interfaceName}.`,
    evidence: [
      {
        source: `ip address show ${interfaceName} (in ${container.name})`,
        value: inside?.addresses.map(({ address }) => address).join(", ") || "none",
        expected: lost,
      },
    ],
    fix: repaired("ctr gives the container its address and its routes again."),
  };
}

/** Bytes that a link has to take at once before the kernel does IPv6 on it (RFC 8200, 5). */
const IPV6_LEAST = 1280;

function caseOfSize({ container, interfaceName, namespace, endpoint, inside, network }: Cable): Case {
  const mtu = String(network.mtu ?? 1500);
  return {
    object: `MTU of ${insideName({ container, interfaceName })}`,
    title: `The link ${interfaceName} of the container ${container.name} takes too small packets for IPv6: its address ${endpoint.address6} is gone.`,
    explanation: `Its MTU is ${inside?.mtu}, and IPv6 needs ${IPV6_LEAST}: the kernel has taken all IPv6 addresses and routes of that link away.`,
    evidence: [
      {
        source: `ip link show ${interfaceName} (in ${container.name})`,
        value: `mtu ${inside?.mtu}`,
        expected: `mtu ${mtu}`,
      },
    ],
    fix: byHand(
      "Make it larger again; ctr gives the container its address back then.",
      inPlace(namespace.key, container.name, ["ip", "link", "set", interfaceName, "mtu", mtu]),
      ["ctr", "net", "repair"],
    ),
  };
}

function caseOfDuplicate(cable: Cable, address: string): Case {
  const { interfaceName, container, namespace } = cable;
  return {
    object: `address ${address} on ${insideName(cable)}`,
    title: `The container ${container.name} does not use its address ${address}: somebody else on the network had it already.`,
    explanation:
      "IPv6 asks whether an address is free before it uses it (duplicate address detection), and somebody answered. The kernel " +
      "keeps the address and does not send with it.",
    evidence: [
      {
        source: `ip -6 address show ${interfaceName} (in ${container.name})`,
        value: `${address} dadfailed`,
        expected: address,
      },
    ],
    fix: byHand(
      "Take the address from whoever has it besides, then let the container try again.",
      ...["down", "up"].map((state) =>
        inPlace(namespace.key, container.name, ["ip", "link", "set", interfaceName, state]),
      ),
      ["ctr", "net", "repair"],
    ),
  };
}

function caseOfSwitch({ container, interfaceName, namespace, endpoint }: Cable, key: string): Case {
  return {
    object: `sysctl ${key} of ${container.name}`,
    title: `IPv6 is switched off on ${interfaceName} in the container ${container.name}, which has an address of it.`,
    explanation:
      "The kernel has taken all IPv6 addresses and routes of that link away. The image's start script, or a program that may " +
      "change the network, has set it.",
    evidence: [{ source: `sysctl ${key} (in ${container.name})`, value: "1", expected: `0, and ${endpoint.address6}` }],
    fix: byHand(
      "Switch it on again; ctr gives the container its address back then.",
      inPlace(namespace.key, container.name, ["sysctl", "-w", `${key}=0`]),
      ["ctr", "net", "repair"],
    ),
  };
}
