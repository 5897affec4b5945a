import { leadingEndpoint } from "../../intended.ts";
import { obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, HOST } from "../../types/index.ts";
import { placeOf } from "../facts.ts";
import { byHand } from "../fixes.ts";
import { found } from "../found.ts";

export const noIpv6: Cause = {
  code: "CTRN413",
  severity: "error",
  heading: "The name led to an IPv6 address, and the container has no IPv6",

  explain: (context) =>
    obstaclesOfKind(context, "no-route", "no-source-address").flatMap((obstacle) => {
      const { flow, view } = context;
      const place = placeOf(obstacle);
      const [container] = view.containersIn(place);
      if (flow.family !== 6 || place === HOST || container === undefined || leadingEndpoint(container, 6) !== undefined)
        return [];
      const [network] = container.endpoints.map(({ networkName }) => networkName);
      return found(noIpv6, obstacle, {
        object: `container ${container.name}`,
        title: `${flow.destination}${flow.toText.includes(flow.destination) ? "" : ` (${flow.toText})`} is an IPv6 address, and the container ${container.name} has no way into IPv6.`,
        explanation:
          "None of its networks leads out over IPv6. Programs that ask DNS may get an IPv6 address first; good ones then try IPv4, " +
          "others fail.",
        evidence: [
          {
            source: `ip -6 route (in ${container.name})`,
            value: "no default route",
            expected: `a network with IPv6 (${network ?? "none"} has none)`,
          },
        ],
        fix: byHand(
          "Give it a network with IPv6, or use the IPv4 address.",
          ["ctr", "net", "create", "--ipv6", `${network ?? "net"}6`],
          [...["ctr", "net", "connect", `${network ?? "net"}6`, container.name]],
        ),
      });
    }),
};
