import { type Cable, cablesOf } from "../../intended.ts";
import { obstaclesOf } from "../../obstacles.ts";
import { type Cause, HOST } from "../../types/index.ts";
import { placeOf, text } from "../facts.ts";
import { repaired } from "../fixes.ts";
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
        // The packet gets there, and the container does not take it for its own.
        faulty.find(({ namespace }) => obstacle.kind === "forwarding-off" && namespace.key === place);
      return cable === undefined ? [] : found(noAddress, obstacle, caseOf(cable));
    }),
};

function lostAddresses({ inside, endpoint }: Cable): string[] {
  if (inside === undefined) return [];
  const has = (address: string): boolean => inside.addresses.some((one) => one.address === address);
  // A link that goes down loses its IPv6 addresses: that is told as what it is.
  return [endpoint.address, inside.up ? endpoint.address6 : ""].filter((address) => address !== "" && !has(address));
}

const isFaulty = (cable: Cable): boolean => lostAddresses(cable).length > 0;

function caseOf(cable: Cable): Case {
  const { interfaceName, container, inside } = cable;
  const lost = lostAddresses(cable).join(" and ");
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
