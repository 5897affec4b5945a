import { type Cable, cablesOf } from "../../intended.ts";
import { type Obstacle, obstaclesOf } from "../../obstacles.ts";
import { type Cause, HOST, type StateContext } from "../../types/index.ts";
import { placeOf, text } from "../facts.ts";
import { byHand, inPlace, repaired } from "../fixes.ts";
import { type Case, found } from "../found.ts";
import { insideName, inspectCables } from "./cables.ts";

export const arpOff: Cause = {
  code: "CTRN314",
  severity: "error",
  heading: "A container does not say where it is",

  inspect: (context) => inspectCables(arpOff, context, isFaulty, caseOf),

  explain: (context) =>
    obstaclesOf(context).flatMap((obstacle) => {
      if (!obstacle.kind.startsWith("neighbour") && obstacle.kind !== "wrong-bridge-port") return [];
      if (text(obstacle, "key") !== "") return found(arpOff, obstacle, caseOfSetting(context, obstacle));
      const address = text(obstacle, "address");
      const faulty = cablesOf(context.view).filter(isFaulty);
      const cable =
        faulty.find(({ endpoint }) => address !== "" && [endpoint.address, endpoint.address6].includes(address)) ??
        faulty.find(({ namespace }) => placeOf(obstacle) !== HOST && namespace.key === placeOf(obstacle));
      return cable === undefined ? [] : found(arpOff, obstacle, caseOf(cable));
    }),
};

const isFaulty = ({ inside }: Cable): boolean => inside?.noArp === true;

function caseOf(cable: Cable): Case {
  const { interfaceName, container } = cable;
  return {
    object: insideName(cable),
    title: `The container ${container.name} does not answer when others ask who has its address.`,
    explanation:
      `ARP, the question and answer by which neighbours find each other, is switched off for ${interfaceName} in the container. ` +
      "A program in the container that may change the network has done that.",
    evidence: [
      { source: `ip link show ${interfaceName} (in ${container.name})`, value: "NOARP", expected: "no NOARP" },
    ],
    fix: repaired("ctr switches it on again."),
  };
}

/** arp_ignore: whoever has the address does not say so. */
function caseOfSetting({ view }: StateContext, obstacle: Obstacle): Case {
  const [key, holder, address] = ["key", "holder", "address"].map((fact) => text(obstacle, fact)) as [
    string,
    string,
    string,
  ];
  const name = holder === HOST || holder === "" ? "the host" : `the container ${view.nameOf(holder)}`;
  const place = holder === "" ? HOST : holder;
  return {
    object: `sysctl ${key} of ${name}`,
    title: `${name[0]?.toUpperCase()}${name.slice(1)} does not answer when others ask who has its address ${address}.`,
    explanation:
      "ARP is the question and answer by which neighbours find each other; that setting keeps answers back. Some guides for load " +
      "balancers set it.",
    evidence: [{ source: `sysctl ${key}`, value: view.namespace(place)?.sysctls[key] ?? "not 0", expected: "0" }],
    fix: byHand("Let it answer again.", inPlace(place, view.nameOf(place), ["sysctl", "-w", `${key}=0`])),
  };
}
