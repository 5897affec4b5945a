import { commaList, list, text, toggle } from "../../flags/options.ts";
import { defineCommand } from "../command.ts";
import { labelsOf } from "../container/environment.ts";
import { parseKeyValue, parseLabel } from "../container/values.ts";
import { subnetConfigs } from "../network/ipam.ts";

export const command = defineCommand({
  summary: "Create a network",
  usage: "[OPTIONS] NETWORK",
  operands: [1, 1],
  alsoKnownAs: ["net create", "network create"],
  options: {
    attachable: toggle({ help: "Let containers be connected by hand; without effect outside of a swarm" }),
    "aux-address": list({
      value: "map",
      help: "Address that no container gets: name=address",
      parse: parseKeyValue,
    }),
    "config-from": text({ help: "Network to copy the configuration from" }),
    "config-only": toggle({ help: "Only keep a configuration for others to copy" }),
    driver: text({ short: "d", help: "bridge (default), macvlan or ipvlan" }),
    gateway: commaList({ help: "Gateway of a subnet" }),
    ingress: toggle({ help: "Make the routing mesh of a swarm" }),
    internal: toggle({ help: "No way out, and none in" }),
    "ip-range": commaList({ help: "Part of a subnet that containers get addresses from" }),
    "ipam-driver": text({ help: "What hands out addresses (default default)" }),
    "ipam-opt": list({ value: "map", help: "Option of what hands out addresses: key=value", parse: parseKeyValue }),
    ipv4: toggle({ initial: true, help: "Give containers IPv4 addresses" }),
    ipv6: toggle({ help: "Give containers IPv6 addresses" }),
    label: list({ help: "Set a label: key[=value]", parse: parseLabel }),
    opt: list({ short: "o", value: "map", help: "Option of the driver: key=value", parse: parseKeyValue }),
    scope: text({ help: "Scope of the network: local" }),
    subnet: commaList({ help: "Subnet of the network, also one of each family; 0.0.0.0/24 for any of that size" }),
  },
  examples: [
    "ctr net create front",
    "ctr net create --subnet 10.20.0.0/24 --gateway 10.20.0.254 back",
    "ctr net create --ipv6 --subnet 10.21.0.0/24 --subnet fd00:21::/64 dual",
    "ctr net create --internal -o com.docker.network.bridge.enable_icc=false vault",
    "ctr net create -d macvlan -o parent=eth0 --subnet 192.0.2.0/24 lan   # on the host's cable",
  ],
  async run({ values, given, operands: [name = ""] }, { client }) {
    const subnets = subnetConfigs({
      subnets: values.subnet,
      ranges: values["ip-range"],
      gateways: values.gateway,
      auxAddresses: Object.fromEntries(values["aux-address"]),
    });
    const { Id, Warning } = await client.post<CreateAnswer>("/networks/create", {
      body: {
        Name: name,
        Driver: values.driver ?? "bridge",
        ...(values.scope === undefined ? {} : { Scope: values.scope }),
        ...(given.has("ipv4") ? { EnableIPv4: values.ipv4 } : {}),
        ...(given.has("ipv6") ? { EnableIPv6: values.ipv6 } : {}),
        Internal: values.internal,
        Attachable: values.attachable,
        Ingress: values.ingress,
        ConfigOnly: values["config-only"],
        ...(values["config-from"] === undefined ? {} : { ConfigFrom: { Network: values["config-from"] } }),
        IPAM: {
          Driver: values["ipam-driver"] ?? "default",
          Options: Object.fromEntries(values["ipam-opt"]),
          Config: subnets,
        },
        Options: Object.fromEntries(values.opt),
        Labels: labelsOf([], values.label),
      },
    });
    if (Warning) console.error(`WARNING: ${Warning}`);
    process.stdout.write(`${Id}\n`);
  },
});

interface CreateAnswer {
  readonly Id: string;
  readonly Warning?: string;
}
