import { commaList, integer, list, text } from "../../flags/options.ts";
import { defineCommand } from "../command.ts";
import { parseLink } from "../container/values.ts";
import { CliError } from "../errors.ts";

export const command = defineCommand({
  summary: "Connect a container to a network, also one that runs",
  usage: "[OPTIONS] NETWORK CONTAINER",
  operands: [2, 2],
  alsoKnownAs: ["net connect", "network connect"],
  options: {
    alias: commaList({ help: "Further name of the container on this network" }),
    "driver-opt": commaList({ help: "Option of the driver: key=value" }),
    "gw-priority": integer({ help: "The network with the highest number is the container's gateway (default 0)" }),
    ip: text({ help: "IPv4 address (172.30.100.104)" }),
    ip6: text({ help: "IPv6 address (2001:db8::33)" }),
    link: list({ help: "Know another container by a name: name[:alias]", parse: parseLink }),
    "link-local-ip": commaList({ help: "Link-local address" }),
  },
  examples: ["ctr net connect front web", "ctr net connect --ip 10.20.0.9 --alias db back postgres"],
  async run({ values, operands: [network = "", container = ""] }, { client }) {
    const addresses = {
      ...(values.ip === undefined ? {} : { IPv4Address: values.ip }),
      ...(values.ip6 === undefined ? {} : { IPv6Address: values.ip6 }),
      ...(values["link-local-ip"].length === 0 ? {} : { LinkLocalIPs: values["link-local-ip"] }),
    };
    await client.post(`/networks/${encodeURIComponent(network)}/connect`, {
      body: {
        Container: container,
        EndpointConfig: {
          IPAMConfig: addresses,
          Links: values.link,
          Aliases: values.alias,
          DriverOpts: driverOptions(values["driver-opt"]),
          GwPriority: values["gw-priority"] ?? 0,
        },
      },
    });
  },
});

function driverOptions(options: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    options.map((option) => {
      const equals = option.indexOf("=");
      if (equals < 0) throw new CliError("invalid key/value pair format in driver options");
      return [option.slice(0, equals).trim().toLowerCase(), option.slice(equals + 1).trim()];
    }),
  );
}
