/**
 * What may change in the network of a container that exists, running or not: the networks it is on, the ports it
 * publishes, the rate of its interfaces. What runs is changed at once; what is kept holds for the next start too.
 */
import { conflict, forbidden, invalid, systemFailure } from "../../lib/errors.ts";
import {
  portBindingsOf as bindingsOfMap,
  type Endpoint,
  type EndpointRequest,
  formatPortKey,
  type Network,
  type PublishedPort,
  parsePort,
} from "../../netns/index.ts";
import type { Container, EndpointSettings } from "../types.ts";
import { endpointRequest, requestOf } from "./endpoints.ts";
import { addToHosts, removeFromHosts, renewLinks } from "./live-names.ts";
import { renewResolvConf } from "./network-files.ts";
import { PRIVATE_NETWORK, SHARED_NETWORK, sharedWith } from "./network-mode.ts";
import type { Parts } from "./parts.ts";
import { portBindingsOf } from "./ports.ts";
import {
  allBindings,
  exposedBy,
  isPublished,
  joinBindings,
  type PortBindings,
  type PortChoice,
  portOf,
  withoutChosen,
} from "./published-ports.ts";
import { isUp } from "./up.ts";

export interface ShapeOptions {
  /** Bits per second; 0 takes the limit away. */
  readonly rate?: number;
  readonly ingressRate?: number;
}

export class ContainerNetworks {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Gives a container a place on a further network; one that runs gets the interface at once.
   * @throws `notFound`, and Docker's texts for what does not go together; nothing has changed then
   */
  connect(reference: string, networkReference: string, settings: EndpointSettings): Promise<void> {
    return this.#locked(reference, async (container) => {
      checkAlive(container);
      const network = this.#parts.network.findNetwork(networkReference);
      this.#checkJoins(container, network);
      const request = endpointRequest(container, network.name, settings);
      if (isUp(container)) await this.#connectLive(container, network, request);
      else await this.#replaceEndpoint(container, network, request);
    });
  }

  async #connectLive(container: Container, network: Network, request: EndpointRequest): Promise<void> {
    const { id } = container;
    await using undo = new AsyncDisposableStack();
    const endpoint = await this.#parts.network.connect(request);
    undo.defer(() => void this.#parts.network.disconnect(id, network.id));
    this.#parts.step("connect:connected", id);
    addToHosts(this.#parts, container, endpoint);
    undo.defer(() => removeFromHosts(this.#parts, container, endpoint));
    renewResolvConf(this.#parts, container);
    renewLinks(this.#parts, container);
    this.#recordPorts(id);
    undo.move();
    this.#emit("connect", container, network);
  }

  /** A container that does not run takes new settings for a network that it is on already, as in Docker. */
  async #replaceEndpoint(container: Container, network: Network, request: EndpointRequest): Promise<void> {
    const former = this.#endpoint(container, network);
    if (former !== undefined) await this.#parts.network.disconnect(container.id, network.id);
    try {
      await this.#parts.network.connect(request);
    } catch (error) {
      if (former !== undefined) await this.#parts.network.connect(requestOf(container, former));
      throw error;
    }
    this.#stopAwaiting(container, network.name);
  }

  /**
   * Takes a container off a network.
   * @throws `notFound`, and Docker's texts for a container that is not on it
   */
  disconnect(reference: string, networkReference: string): Promise<void> {
    return this.#locked(reference, async (container) => {
      checkAlive(container);
      if (this.#stopAwaiting(container, networkReference)) return;
      const network = this.#parts.network.findNetwork(networkReference);
      const running = isUp(container);
      if (running && network.driver === "host" && container.hostConfig.NetworkMode === "host") {
        throw invalid(
          "cannot disconnect container from host network - container was created in host network mode",
          "CTR_NETWORK_MODE_CONFLICT",
        );
      }
      const endpoint = this.#endpoint(container, network);
      if (endpoint === undefined) {
        throw systemFailure(
          `container ${container.id} is not connected to ${running ? "network" : "the network"} ${network.name}`,
          "CTR_ENDPOINT_NOT_FOUND",
        );
      }
      await this.#parts.network.disconnect(container.id, network.id);
      this.#parts.step("disconnect:disconnected", container.id);
      if (running) {
        removeFromHosts(this.#parts, container, endpoint);
        renewResolvConf(this.#parts, container);
        this.#recordPorts(container.id);
      }
      this.#emit("disconnect", container, network);
    });
  }

  /**
   * Publishes further ports of a container, running or not.
   * @returns the ports in force, when it runs
   * @throws `invalid` for bad ports, Docker's texts for taken ones; nothing has changed then
   */
  publish(reference: string, bindings: PortBindings): Promise<readonly PublishedPort[]> {
    return this.#locked(reference, async (container) => {
      checkPublishes(container);
      const asked = bindingsOfMap({ portBindings: bindings });
      const { config, hostConfig } = container;
      const change = {
        config: { ...config, ExposedPorts: { ...config.ExposedPorts, ...exposedBy(bindings) } },
        hostConfig: { ...hostConfig, PortBindings: joinBindings(hostConfig.PortBindings ?? {}, bindings) },
      };
      portBindingsOf(change.config, change.hostConfig);
      if (!isUp(container)) {
        this.#parts.records.update(container.id, change);
        return [];
      }
      // Recorded last: what a crash leaves in force without a record is closed when the engine starts again.
      const published = await this.#parts.network.publish(container.id, asked);
      this.#parts.step("publish:published", container.id);
      this.#parts.records.update(container.id, { ...change, ports: this.#portsOf(container.id) });
      return published;
    });
  }

  /**
   * Gives published ports up.
   * @returns those that were in force
   * @throws `invalid` for a bad port, `conflict` for one that is not published; nothing has changed then
   */
  unpublish(reference: string, choices: readonly PortChoice[]): Promise<readonly PublishedPort[]> {
    return this.#locked(reference, async (container) => {
      checkPublishes(container);
      const { hostConfig, config } = container;
      for (const choice of choices) if (!isPublished(container, choice)) throw notPublished(container, choice);
      const rest = withoutChosen(allBindings(container), choices);
      // An exposed port that was given up must not come back by `-P`: from now on the list says it all.
      const change = { hostConfig: { ...hostConfig, PortBindings: rest, PublishAllPorts: false } };
      portBindingsOf(config, change.hostConfig);
      // Recorded first: what a crash leaves in force without a record is closed when the engine starts again.
      this.#parts.records.update(container.id, change);
      this.#parts.step("unpublish:recorded", container.id);
      if (!isUp(container)) return [];
      const given = await this.#parts.network.unpublish(container.id, choices.map(portOf));
      this.#recordPorts(container.id);
      return given;
    });
  }

  /** Limits the rate of a running container's interfaces. @throws `conflict` when it does not run */
  shape(reference: string, { rate, ingressRate }: ShapeOptions): Promise<void> {
    return this.#locked(reference, async (container) => {
      if (!isUp(container)) throw notRunning(container);
      const { id, hostConfig } = container;
      const ways = [
        ["Egress", rate, false],
        ["Ingress", ingressRate, true],
      ] as const;
      for (const [way, rateBps, ingress] of ways) {
        if (rateBps === undefined) continue;
        await this.#parts.network.shape(id, { rateBps, ingress });
        const NetworkRate = { ...this.#parts.records.find(id).container.hostConfig.NetworkRate, [way]: rateBps };
        this.#parts.records.update(id, { hostConfig: { ...hostConfig, NetworkRate } });
      }
    });
  }

  /** @throws Docker's texts when the container cannot be on this network beside its others */
  #checkJoins({ id, hostConfig }: Container, network: Network): void {
    if (sharedWith(hostConfig) !== undefined) throw invalid(SHARED_NETWORK, "CTR_NETWORK_MODE_CONFLICT");
    if (network.driver === "host" && hostConfig.NetworkMode !== "host") {
      throw invalid(
        "cannot connect container to host network - container must be created in host network mode",
        "CTR_NETWORK_MODE_CONFLICT",
      );
    }
    const others = this.#parts.network.endpointsOfContainer(id).filter(({ networkId }) => networkId !== network.id);
    const names = others.map(({ networkName }) => networkName);
    if (names.includes("host")) throw invalid(SHARED_NETWORK, "CTR_NETWORK_MODE_CONFLICT");
    if (names.includes("none") || (network.name === "none" && names.length > 0)) {
      throw invalid(PRIVATE_NETWORK, "CTR_NETWORK_MODE_CONFLICT");
    }
  }

  /** @returns false when it has not waited for the network */
  #stopAwaiting({ id, awaitedNetworks = [] }: Container, name: string): boolean {
    const rest = awaitedNetworks.filter(({ network }) => network !== name);
    if (rest.length === awaitedNetworks.length) return false;
    this.#parts.records.update(id, { awaitedNetworks: rest });
    return true;
  }

  #endpoint({ id }: Container, network: Network): Endpoint | undefined {
    return this.#parts.network.endpointsOfContainer(id).find(({ networkId }) => networkId === network.id);
  }

  #portsOf(id: string): readonly PublishedPort[] {
    return this.#parts.network.sandboxOf(id)?.ports ?? [];
  }

  /** Ports that were asked for may come into force with a network that leads out, and go with it. */
  #recordPorts(id: string): void {
    this.#parts.records.update(id, { ports: this.#portsOf(id) });
  }

  #emit(action: "connect" | "disconnect", { id }: Container, { id: networkId, name, driver }: Network): void {
    this.#parts.events.emit("network", action, networkId, { container: id, name, type: driver });
  }

  async #locked<T>(reference: string, body: (container: Container) => Promise<T>): Promise<T> {
    const { id } = this.#parts.records.find(reference).container;
    return this.#parts.lock.run(id, () => body(this.#parts.records.find(id).container));
  }
}

function checkAlive({ id, status }: Container): void {
  if (status !== "removing" && status !== "dead") return;
  throw conflict(
    `container ${id} is marked for removal and cannot be connected or disconnected to the network`,
    "CTR_CONTAINER_REMOVING",
  );
}

function checkPublishes({ name, hostConfig, status }: Container): void {
  const mode = hostConfig.NetworkMode ?? "bridge";
  if (status === "removing") throw conflict(`container ${name} is marked for removal`, "CTR_CONTAINER_REMOVING");
  if (mode !== "host" && mode !== "none" && sharedWith(hostConfig) === undefined) return;
  throw forbidden(`container ${name} has no ports of its own to publish: its network mode is ${mode}`, {
    code: "CTR_PORT_NETWORK_MODE",
    hint: "create it on a bridge network",
  });
}

const notRunning = ({ id }: Container) => conflict(`container ${id} is not running`, "CTR_CONTAINER_NOT_RUNNING");

const notPublished = ({ name }: Container, { port, hostIp, hostPort }: PortChoice) => {
  const where = hostIp || hostPort ? ` at ${hostIp ?? ""}:${hostPort ?? ""}` : "";
  return conflict(`container ${name} does not publish port ${formatPortKey(parsePort(port))}${where}`, {
    code: "CTR_PORT_NOT_PUBLISHED",
    hint: `see: ctr port ${name}`,
  });
};
