import { obstaclesOfKind } from "../../obstacles.ts";
import { type Cause, HOST } from "../../types/index.ts";
import { number, placeOf } from "../facts.ts";
import { byHand } from "../fixes.ts";
import { found } from "../found.ts";
import { portsOfNumber } from "../translation/published.ts";
import { cameByPublishedPort, listenerText, openListeners } from "./listeners.ts";

export const wrongContainerPort: Cause = {
  code: "CTRN603",
  severity: "error",
  heading: "The port is published to the wrong port of the container",

  explain: (context) =>
    obstaclesOfKind(context, "no-listener").flatMap((obstacle) => {
      const { view, flow } = context;
      const place = placeOf(obstacle);
      const namespace = view.namespace(place);
      if (place === HOST || namespace === undefined || !cameByPublishedPort(context, obstacle.packet)) return [];
      const others = openListeners(namespace, flow.protocol);
      const [other] = others;
      if (other === undefined) return [];
      const name = view.nameOf(place);
      const port = number(obstacle, "port") ?? obstacle.packet?.destinationPort ?? flow.destinationPort;
      const hostPort = portsOfNumber(context)[0]?.port.hostPort ?? flow.destinationPort;
      return found(wrongContainerPort, obstacle, {
        object: `port ${hostPort}/${flow.protocol} of container ${name}`,
        title: `Port ${hostPort} of the host leads to port ${port} of ${name}, and its program listens on ${others.map((one) => one.port).join(", ")}.`,
        explanation: "The network is fine: the packet arrives at the container, at a port where nobody listens.",
        evidence: [
          { source: `ctr port ${name}`, value: `${port}/${flow.protocol} -> ${hostPort}` },
          { source: `ss -ln (in ${name})`, value: others.map(listenerText).join(", ") },
        ],
        fix: byHand(
          "Publish the port that the program listens on.",
          ["ctr", "net", "unpublish", name, `${hostPort}:${port}/${flow.protocol}`],
          ["ctr", "net", "publish", name, `${hostPort}:${other.port}/${flow.protocol}`],
        ),
      });
    }),
};
