/** ctr's own: ports of containers that exist, what may reach what, and how the network stands. */
import { CtrError, invalid, notFound, toCtrError } from "../../../lib/errors.ts";
import { type Grant, parsePort } from "../../../netns/index.ts";
import {
  decodeGrant,
  decodePublish,
  decodeShape,
  decodeUnpublish,
  type GrantEnd,
  type GrantRequest,
} from "../decode/net-request.ts";
import type { ApiEngine } from "../engine-face.ts";
import type { Exchange } from "../exchange.ts";
import { grantView, mapView, portRows, trafficView } from "../views/net.ts";
import { bindingsByPort } from "../views/ports.ts";

/** `POST /ctr/containers/{id}/publish`. */
export async function publishPorts(exchange: Exchange, { containers }: ApiEngine): Promise<void> {
  const { PortBindings } = decodePublish(await exchange.body());
  const ports = await containers.networks.publish(exchange.parameter("id"), PortBindings);
  exchange.json(200, { Ports: bindingsByPort(ports) });
}

/** `POST /ctr/containers/{id}/unpublish`. */
export async function unpublishPorts(exchange: Exchange, { containers }: ApiEngine): Promise<void> {
  const { Ports } = decodeUnpublish(await exchange.body());
  const choices = Ports.map(({ Port, HostIp, HostPort }) => ({
    port: Port,
    ...(HostIp ? { hostIp: HostIp } : {}),
    ...(HostPort ? { hostPort: HostPort } : {}),
  }));
  const ports = await containers.networks.unpublish(exchange.parameter("id"), choices);
  exchange.json(200, { Ports: bindingsByPort(ports) });
}

/** `POST /ctr/containers/{id}/shape`. */
export async function shapeContainer(exchange: Exchange, { containers }: ApiEngine): Promise<void> {
  const { Rate, IngressRate } = decodeShape(await exchange.body());
  await containers.networks.shape(exchange.parameter("id"), {
    ...(Rate === undefined ? {} : { rate: Rate }),
    ...(IngressRate === undefined ? {} : { ingressRate: IngressRate }),
  });
  exchange.empty(204);
}

/** `GET /ctr/containers/{id}/dns?name=&type=`: what the container would be answered, and by whom. */
export async function explainName(exchange: Exchange, { containers, network }: ApiEngine): Promise<void> {
  const container = containers.find(exchange.parameter("id"));
  const name = exchange.text("name");
  if (name === undefined) throw invalid("no name is given that could be looked up", "CTR_DNS_NAME_MISSING");
  try {
    exchange.json(200, await network.explainName(container.id, name, exchange.text("type")));
  } catch (error) {
    const { code, hint } = toCtrError(error);
    if (code !== "CTR_NAMES_NOT_SERVED") throw error;
    // The network layer knows containers by their ids.
    throw notFound(`container ${container.name} has no name server of ctr`, { code, hint, cause: error });
  }
}

/** `GET /ctr/networks/grants`. */
export function listGrants(exchange: Exchange, { network }: ApiEngine): void {
  exchange.json(200, network.grants().map(grantView));
}

/** `POST /ctr/networks/grants`. */
export async function addGrant(exchange: Exchange, engine: ApiEngine): Promise<void> {
  const grant = grantOf(engine, decodeGrant(await exchange.body()));
  exchange.json(201, grantView(engine.networks.allow(grant)));
}

/** `DELETE /ctr/networks/grants`. */
export async function removeGrant(exchange: Exchange, engine: ApiEngine): Promise<void> {
  const grant = grantOf(engine, decodeGrant(await exchange.body()));
  if (!engine.networks.deny(grant)) {
    throw notFound(`${grant.from.name} was not allowed to reach ${grant.to.name}${portText(grant)}`, {
      code: "CTR_GRANT_NOT_FOUND",
      hint: "see: ctr net grants",
    });
  }
  exchange.empty(204);
}

/** `GET /ctr/net/ports`. */
export function listPorts(exchange: Exchange, { containers }: ApiEngine): void {
  exchange.json(200, portRows(containers.list()));
}

/** `GET /ctr/net/rules`. */
export async function listRules(exchange: Exchange, { network }: ApiEngine): Promise<void> {
  exchange.json(200, await network.rules());
}

/** `GET /ctr/net/traffic`. */
export function listTraffic(exchange: Exchange, { network, containers }: ApiEngine): void {
  const names = new Map(containers.list().map(({ id, name }) => [id, name]));
  exchange.json(
    200,
    network.traffic().map((row) => trafficView(row, names)),
  );
}

/** `GET /ctr/net/map`. */
export function showMap(exchange: Exchange, { network, containers }: ApiEngine): void {
  const parts = {
    networks: network.networks(),
    endpointsOf: (id: string) => network.endpointsOfNetwork(id),
    containers: containers.list(),
    grants: network.grants(),
  };
  exchange.json(200, mapView(parts));
}

/** `POST /ctr/net/repair?dryRun=1`. */
export async function repairNetwork(exchange: Exchange, { network }: ApiEngine): Promise<void> {
  exchange.json(200, await network.repair({ dryRun: exchange.flag("dryRun") }));
}

/** @throws `notFound` for an end that is neither, `invalid` for a bad port */
function grantOf(engine: ApiEngine, { From, To, Port }: GrantRequest): Omit<Grant, "id"> {
  const [from, to] = [endOf(engine, From), endOf(engine, To)];
  if (from.id === to.id) throw invalid(`${from.name} is on both sides`, "CTR_GRANT_INVALID");
  if (Port === undefined) return { from, to, both: true };
  const { protocol, containerPort } = parsePort(Port);
  return { from, to, protocol, port: containerPort, both: false };
}

/** A name that says not which it is means the network before the container. */
function endOf({ network, containers }: ApiEngine, { Kind, Name }: GrantEnd): Grant["from"] {
  if (Kind !== "container") {
    try {
      const { id, name } = network.findNetwork(Name);
      return { kind: "network", id, name };
    } catch (error) {
      if (Kind === "network" || !(error instanceof CtrError) || error.kind !== "notFound") throw error;
    }
  }
  try {
    const { id, name } = containers.find(Name);
    return { kind: "container", id, name };
  } catch (error) {
    if (Kind === "container" || !(error instanceof CtrError) || error.kind !== "notFound") throw error;
    throw notFound(`no network and no container of that name: ${Name}`, "CTR_GRANT_END_NOT_FOUND");
  }
}

const portText = ({ protocol, port }: Omit<Grant, "id">): string =>
  port === undefined ? "" : ` at ${port}/${protocol}`;
