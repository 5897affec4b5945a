/** Networks on a cable of the host: containers have links of their own on it, beside the host. */
import { randomBytes } from "node:crypto";
import { invalid } from "../../lib/errors.ts";
import { generateMac } from "../ipam/mac.ts";
import { IpvlanFlag, IpvlanMode, MacvlanMode } from "../netlink/constants.ts";
import { deleteLink, findLink } from "../netlink/link.ts";
import { createIpvlan, createMacvlan } from "../netlink/sublink.ts";
import type { NetlinkSocket } from "../netlink/transport.ts";
import { ParentOption } from "../networks/options.ts";
import type { Network } from "../types.ts";
import {
  ensureParent,
  explainMissing,
  parentNameOf,
  removeParent,
  removeParentInBackground,
  requireParent,
} from "./parent.ts";
import type { LinkDriver } from "./types.ts";

type MacvlanModeName = keyof typeof MacvlanMode;
type IpvlanModeName = keyof typeof IpvlanMode;
type IpvlanFlagName = keyof typeof IpvlanFlag;

/** @throws `invalid` with Docker's text */
export function macvlanMode({ options }: Pick<Network, "options">): MacvlanModeName {
  const mode = options[ParentOption.macvlanMode] || "bridge";
  if (mode in MacvlanMode) return mode as MacvlanModeName;
  throw wrongMode("macvlan", "mode", mode, "bridge");
}

/** @throws `invalid` with Docker's texts */
export function ipvlanSettings({ options }: Pick<Network, "options">): { mode: IpvlanModeName; flag: IpvlanFlagName } {
  const mode = options[ParentOption.ipvlanMode] || "l2";
  const flag = options[ParentOption.ipvlanFlag] || "bridge";
  if (!(mode in IpvlanMode)) throw wrongMode("ipvlan", "mode", mode, "l2");
  if (!(flag in IpvlanFlag)) throw wrongMode("ipvlan", "flag", flag, "bridge");
  return { mode: mode as IpvlanModeName, flag: flag as IpvlanFlagName };
}

/** Docker names the default of a mode otherwise than that of a flag. */
const wrongMode = (driver: string, what: "mode" | "flag", value: string, preset: string) =>
  invalid(
    `requested ${driver} ${what} '${value}' is not valid, '${preset}'${what === "mode" ? " mode" : ""} is the ${driver} driver default`,
    "CTR_NETWORK_OPTION_INVALID",
  );

/** ipvlan in a layer 3 mode: packets are routed on the link, without neighbours and without a gateway. */
export const isLayer3 = (network: Pick<Network, "driver" | "options">): boolean =>
  network.driver === "ipvlan" && ipvlanSettings(network).mode !== "l2";

/** A link to make: in its sandbox, or in the engine's own namespace. */
interface SublinkRequest {
  readonly name: string;
  /** Index. */
  readonly parent: number;
  readonly macAddress: string;
  readonly network: Network;
  readonly namespaceFd?: number;
  readonly mtu?: number;
}

export const macvlanDriver: LinkDriver = driverOf("macvlan", (netlink, request) =>
  createMacvlan(netlink, { ...request, mode: macvlanMode(request.network) }),
);

export const ipvlanDriver: LinkDriver = driverOf("ipvlan", (netlink, request) =>
  createIpvlan(netlink, { ...request, ...ipvlanSettings(request.network) }),
);

function driverOf(module: string, create: (netlink: NetlinkSocket, request: SublinkRequest) => void): LinkDriver {
  return {
    ensure: ensureParent,
    remove: removeParent,
    removeInBackground: removeParentInBackground,

    probe(netlink, network) {
      const name = `ctr-${randomBytes(4).toString("hex")}`;
      const { index: parent } = requireParent(netlink, network);
      explainMissing(module, () => create(netlink, { name, parent, network, macAddress: generateMac() }));
      deleteLink(netlink, name);
    },

    attach(netlink, namespaceFd, { network, interfaceName: name, macAddress, mtu }) {
      const { index: parent } = requireParent(netlink, network);
      const size = mtu === undefined ? {} : { mtu };
      explainMissing(module, () => create(netlink, { name, parent, network, macAddress, namespaceFd, ...size }));
    },

    findFault(netlink, { network }) {
      return findLink(netlink, parentNameOf(network)) === undefined
        ? `the parent ${parentNameOf(network)} is gone`
        : undefined;
    },

    // Without its parent a link is gone, too.
    mend: () => true,
  };
}
