/** The shape of `EndpointSettings`, which `create` and `connect` take. Fields that Docker computes pass and are ignored. */
import { integer, list, mapOf, record, text } from "./shape.ts";

export const ENDPOINT_SETTINGS = record({
  IPAMConfig: record({ IPv4Address: text, IPv6Address: text, LinkLocalIPs: list(text) }),
  Links: list(text),
  Aliases: list(text),
  DriverOpts: mapOf(text),
  MacAddress: text,
  GwPriority: integer,
});
