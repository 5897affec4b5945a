import { type Cable, cablesOf } from "../../intended.ts";
import { obstaclesOfKind } from "../../obstacles.ts";
import type { Cause } from "../../types/index.ts";
import { placeOf } from "../facts.ts";
import { repaired } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { cablesInPlace } from "./cables.ts";

export const prefixTooNarrow: Cause = {
  code: "CTRN321",
  severity: "error",
  heading: "A container does not know its own network",

  inspect: ({ view }) =>
    cablesOf(view).flatMap((cable) =>
      narrowAddresses(cable).map((address) => found(prefixTooNarrow, undefined, caseOf(cable, address))),
    ),

  explain: (context) =>
    obstaclesOfKind(context, "no-route", "answer-unroutable", "no-source-address", "misrouted").flatMap((obstacle) =>
      cablesInPlace(context.view, placeOf(obstacle)).flatMap((cable) => {
        const [address] = narrowAddresses(cable).filter((one) => one.includes(":") === (context.flow.family === 6));
        return address === undefined ? [] : found(prefixTooNarrow, obstacle, caseOf(cable, address));
      }),
    ),
};

/** Its own ones, as addresses of a network of one. */
const narrowAddresses = ({ inside, endpoint, network }: Cable): string[] =>
  (inside?.addresses ?? [])
    .filter(({ address }) => address === endpoint.address || address === endpoint.address6)
    .filter(({ address, prefixLength }) => prefixLength === (address.includes(":") ? 128 : 32))
    .filter(
      ({ address }) => !network.subnets.some(({ subnet }) => subnet.endsWith(address.includes(":") ? "/128" : "/32")),
    )
    .map(({ address, prefixLength }) => `${address}/${prefixLength}`);

function caseOf({ container, network, interfaceName }: Cable, address: string): Case {
  const subnet = network.subnets.find((one) => one.subnet.includes(":") === address.includes(":"))?.subnet ?? "";
  return {
    object: `address ${address} of container ${container.name}`,
    title: `The container ${container.name} takes itself for a network of its own: its address is ${address}, and its network ${subnet}.`,
    explanation:
      "The prefix of an address says who can be reached without a router. With this one nobody can, not even the router. A program in the " +
      "container that may change the network has set it.",
    evidence: [
      {
        source: `ip address show ${interfaceName} (in ${container.name})`,
        value: address,
        expected: address.replace(/\/\d+$/, `/${subnet.split("/")[1]}`),
      },
    ],
    fix: repaired("ctr gives the container its address with the right prefix, and its routes."),
  };
}
