import { messageOf, systemFailure } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { openLibnftables } from "./libnftables.ts";
import { openNftCommand } from "./nft-command.ts";
import {
  addNetworkScript,
  claimNetworksScript,
  portKey,
  publishScript,
  removeNetworkScript,
  syncScript,
  unpublishScript,
} from "./script.ts";
import { ensureScript, replaceScript } from "./table.ts";
import { NftError, type NftTransport } from "./transport.ts";
import type { Firewall, FirewallNetwork, FirewallPort, FirewallState } from "./types.ts";

/**
 * Opens the firewall of the network namespace that the calling thread is in now. Nothing is changed yet.
 * @throws `unsupported` at the first change, when the host has no nftables
 */
export function openFirewall({ logger }: { readonly logger: Logger }): Firewall {
  return new NftFirewall(openTransport(logger), logger);
}

function openTransport(logger: Logger): NftTransport {
  try {
    return openLibnftables();
  } catch (error) {
    logger.info("libnftables.so.1 cannot be used; the firewall runs the nft program instead.", {
      reason: messageOf(error),
    });
    return openNftCommand();
  }
}

/** Exported for tests, which give it a transport of their own. */
export class NftFirewall implements Firewall {
  readonly #transport: NftTransport;
  readonly #logger: Logger;
  /** By bridge. */
  readonly #networks = new Map<string, FirewallNetwork>();
  /** By {@link portKey}. */
  readonly #ports = new Map<string, FirewallPort>();
  /** From the first sync on, what we remember is the whole content of the table. */
  #complete = false;

  constructor(transport: NftTransport, logger: Logger) {
    this.#transport = transport;
    this.#logger = logger;
  }

  ensure(): void {
    try {
      this.#transport.run(ensureScript());
    } catch (error) {
      if (!(error instanceof NftError)) throw error;
      this.#logger.warn("The firewall table does not fit and is made anew.", { reason: error.message });
      this.#run(replaceScript());
    }
  }

  sync(state: FirewallState): void {
    this.#run(syncScript(state));
    this.#networks.clear();
    this.#ports.clear();
    for (const network of state.networks) this.#networks.set(network.bridge, network);
    for (const port of state.ports) this.#ports.set(portKey(port), port);
    this.#complete = true;
  }

  addNetwork(network: FirewallNetwork): void {
    const before = this.#networks.get(network.bridge);
    const others = [...this.#networks.values()].filter(({ bridge }) => bridge !== network.bridge);
    try {
      this.#change((before === undefined ? "" : removeNetworkScript(before)) + addNetworkScript(network), (state) => ({
        ...state,
        networks: [...others, network],
      }));
    } catch (error) {
      // A table that an engine with other subnets left behind: an interval set takes no overlap.
      if (this.#complete) throw error;
      this.#run(claimNetworksScript([...others, network]));
    }
    this.#networks.set(network.bridge, network);
  }

  removeNetwork(network: FirewallNetwork): void {
    const known = this.#networks.get(network.bridge);
    if (known === undefined && this.#complete) return;
    this.#change(removeNetworkScript(known ?? network), (state) => ({
      ...state,
      networks: state.networks.filter(({ bridge }) => bridge !== network.bridge),
    }));
    this.#networks.delete(network.bridge);
  }

  publish(ports: readonly FirewallPort[]): void {
    if (ports.length === 0) return;
    this.#change(publishScript(ports), (state) => ({ ...state, ports: [...state.ports, ...ports] }));
    for (const port of ports) this.#ports.set(portKey(port), port);
  }

  unpublish(ports: readonly FirewallPort[]): void {
    const open = this.#complete ? ports.filter((port) => this.#isOpen(port)) : ports;
    if (open.length === 0) return;
    const closed = new Set(open.map(portKey));
    this.#change(unpublishScript(open), (state) => ({
      ...state,
      ports: state.ports.filter((port) => !closed.has(portKey(port))),
    }));
    for (const key of closed) this.#ports.delete(key);
  }

  [Symbol.dispose](): void {
    this.#transport[Symbol.dispose]();
  }

  /** A port that meanwhile leads to another container is not the caller's to close. */
  #isOpen(port: FirewallPort): boolean {
    const known = this.#ports.get(portKey(port));
    return known !== undefined && known.address === port.address && known.containerPort === port.containerPort;
  }

  /** @param change what the same change is on the remembered state, should the table have to be written anew */
  #change(script: string, change: (state: FirewallState) => FirewallState): void {
    try {
      this.#transport.run(script);
    } catch (error) {
      if (!(error instanceof NftError && error.missing && this.#complete)) throw failure(error);
      this.#logger.warn("The firewall table was changed by someone else and is written again.", {
        reason: error.message,
      });
      this.#run(syncScript(change({ networks: [...this.#networks.values()], ports: [...this.#ports.values()] })));
    }
  }

  #run(script: string): void {
    try {
      this.#transport.run(script);
    } catch (error) {
      throw failure(error);
    }
  }
}

function failure(error: unknown): unknown {
  if (!(error instanceof NftError)) return error;
  return systemFailure(error.message, {
    code: "CTR_FIREWALL_FAILED",
    hint: "nft list table inet ctr shows what is in force",
    cause: error,
  });
}
