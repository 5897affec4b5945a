/**
 * Configurations (`network create --config-only`): what other networks are made of by `--config-from`. They are in the
 * store alone. Texts and statuses are Docker's.
 */
import { forbidden, notFound } from "../../lib/errors.ts";
import { generateId } from "../../lib/ids.ts";
import type { NetworkStore } from "../store/index.ts";
import type { Network, NetworkRequest, Subnet, SubnetRequest } from "../types.ts";
import { checkSubnetRequests } from "./subnets.ts";

/** @throws `forbidden` for what a configuration cannot say, `invalid` for bad subnets */
export function settleConfiguration(request: NetworkRequest): Network {
  const { name, ipam: { driver = "default", options = {}, config = [] } = {}, enableIPv6 } = request;
  if (request.configFrom) {
    throw refused("a configuration network cannot depend on another configuration network");
  }
  if (request.internal === true || request.attachable === true || request.ingress === true || request.scope) {
    throw refused(
      "configuration network can only contain network specific fields. " +
        "Network operator fields like [ ingress | internal | attachable | scope ] are not supported.",
    );
  }
  checkSubnetRequests(config);
  return {
    id: generateId(),
    name,
    driver: "null",
    created: new Date().toISOString(),
    enableIPv4: request.enableIPv4 ?? true,
    enableIPv6: enableIPv6 ?? false,
    subnets: config.filter(isSubnet),
    internal: false,
    attachable: false,
    ipamDriver: driver,
    ipamOptions: options,
    options: request.options ?? {},
    labels: request.labels ?? {},
    configOnly: true,
  };
}

const isSubnet = (entry: SubnetRequest): entry is Subnet => Boolean(entry.subnet);

/**
 * The request with all that its configuration says.
 * @throws `notFound` for one that is none, `forbidden` for what the configuration has to say
 */
export function withConfiguration(store: NetworkStore, { configFrom, ...request }: NetworkRequest): NetworkRequest {
  if (!configFrom) return request;
  const found = store.network(configFrom) ?? store.networkByName(configFrom);
  if (found?.configOnly !== true) {
    throw notFound(`configuration network ${JSON.stringify(configFrom)} does not exist`, {
      code: "CTR_NETWORK_CONFIG_FROM",
      hint: `make it with: ctr network create --config-only ${configFrom}`,
    });
  }
  if (Object.keys(request.options ?? {}).length > 0) {
    throw refused("network driver options are not supported if the network depends on a configuration network");
  }
  const { ipam, labels = {}, enableIPv6 } = request;
  const hasConfig = (ipam?.config ?? []).length > 0 || (ipam?.driver ?? "default") !== "default";
  if (hasConfig || Object.keys({ ...ipam?.options, ...labels }).length > 0 || enableIPv6 === true) {
    throw refused("user specified configurations are not supported if the network depends on a configuration network");
  }
  return {
    ...request,
    enableIPv4: found.enableIPv4,
    enableIPv6: found.enableIPv6,
    ipam: {
      driver: found.ipamDriver,
      config: found.subnets,
      ...(found.ipamOptions === null ? {} : { options: found.ipamOptions }),
    },
    options: found.options,
    labels: found.labels,
    configFrom: found.name,
  };
}

/** @throws `forbidden` for a configuration that a network was made of */
export function checkConfigurationUnused(store: NetworkStore, { name, configOnly }: Network): void {
  if (configOnly !== true || !store.networks().some(({ configFrom }) => configFrom === name)) return;
  throw refused(`error while removing network: configuration network ${JSON.stringify(name)} is in use`);
}

const refused = (text: string) => forbidden(text, "CTR_NETWORK_CONFIG_ONLY");
