import { obstaclesOfKind } from "../../obstacles.ts";
import type { SnapshotView } from "../../snapshot-view.ts";
import { type Cause, HOST } from "../../types/index.ts";
import { placeOf } from "../facts.ts";
import { byHand } from "../fixes.ts";
import { found } from "../found.ts";

export const hostHasNoRoute: Cause = {
  code: "CTRN402",
  severity: "error",
  heading: "The host itself does not know the way",

  explain: (context) =>
    obstaclesOfKind(context, "no-route", "answer-unroutable")
      .filter((obstacle) => placeOf(obstacle) === HOST)
      .flatMap((obstacle) => {
        const { flow, view } = context;
        const destination = obstacle.packet?.destination ?? flow.destination;
        if (view.networkOfAddress(destination) !== undefined) return [];
        const bare = bareLinks(view, flow.family);
        return found(hostHasNoRoute, obstacle, {
          object: "routes of the host",
          title: `The host has no route to ${destination}, so neither has any container${bareText(bare)}.`,
          explanation:
            "Containers' traffic goes the way that the host's own would. The host's uplink is down, was never set up, or its " +
            "default route was removed; ctr does not make routes to the outside.",
          evidence: [
            {
              source: `ip ${flow.family === 6 ? "-6 " : ""}route get ${destination}`,
              value: "network is unreachable",
              expected: "a route",
            },
            ...bare.map((name) => ({
              source: `ip address show ${name}`,
              value: `no address of IPv${flow.family}`,
              expected: "the host's own address",
            })),
          ],
          fix: byHand("Bring the host's own network up first.", [
            "ip",
            ...(flow.family === 6 ? ["-6"] : []),
            "route",
            "show",
            "table",
            "all",
          ]),
        });
      }),
};

/** Links to the outside without an address: what they were for, a lost lease has taken with it. */
const bareLinks = (view: SnapshotView, family: 4 | 6): string[] =>
  view.host.links
    .filter(({ kind, name, master }) => name !== "lo" && master === undefined && OUTWARDS.has(kind))
    .filter((link) => view.peerOf(link) === undefined)
    .filter(({ addresses }) => !addresses.some(({ address }) => isOf(address, family)))
    .map(({ name }) => name);

/** The kernel gives every link one of fe80::/10. */
const isOf = (address: string, family: 4 | 6): boolean =>
  address.includes(":") === (family === 6) && !address.startsWith("fe80:");

/** Kinds of links that lead out of a host. */
const OUTWARDS = new Set(["", "veth", "vlan", "bond"]);

function bareText(names: readonly string[]): string {
  if (names.length === 0) return "";
  return names.length === 1 ? `: its link ${names[0]} has no address` : `: ${names.join(", ")} have no address`;
}
