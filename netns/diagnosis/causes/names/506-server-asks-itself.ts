import { bridgeAddresses, bridgeNetworks } from "../../intended.ts";
import type { Cause } from "../../types/index.ts";
import { byHand } from "../fixes.ts";
import { found } from "../found.ts";
import { resolvOf, SANDBOX_SERVER } from "./resolv.ts";

export const serverAsksItself: Cause = {
  code: "CTRN506",
  severity: "error",
  heading: "Questions for names go round in circles",

  inspect({ snapshot, view }) {
    const own = [
      SANDBOX_SERVER,
      ...bridgeNetworks(snapshot).flatMap(({ network }) => bridgeAddresses(network).map(({ address }) => address)),
    ];
    const isAnswered = (address: string): boolean =>
      view.host.sockets.some(
        (socket) =>
          socket.protocol === "udp" && socket.port === 53 && [address, "0.0.0.0", "::"].includes(socket.address),
      );
    // A name server that really runs on the bridge's address is somebody's choice.
    const server = resolvOf(view.host).servers.find((one) => own.includes(one) && !isAnswered(one));
    if (server === undefined) return [];
    return [
      found(serverAsksItself, undefined, {
        object: "/etc/resolv.conf of the host",
        title: `The host asks ${server} for names, which is an address of ctr's, and ctr asks the host's servers.`,
        explanation:
          "Containers' name server passes on what it does not know to the servers of the host's resolv.conf. When those are its " +
          "own addresses, no question leaves the machine: no name outside is found.",
        evidence: [
          {
            source: "/etc/resolv.conf",
            value: `nameserver ${server}`,
            expected: "a server outside of this machine, or of the host's own",
          },
        ],
        fix: byHand("Write a real name server there, or give ctr others: dns in daemon.json."),
      }),
    ];
  },
};
