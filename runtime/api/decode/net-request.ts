/** Decodes the bodies of ctr's own network requests: publish, unpublish, grants, shape. */
import { invalid } from "../../../lib/errors.ts";
import type { ApiPortBinding } from "../../types.ts";
import { integer, list, mapOf, orNull, record, text } from "./shape.ts";

export const PORT_BINDINGS = mapOf(orNull(list(record({ HostIp: text, HostPort: text, Policy: text }))));

/** `POST /ctr/containers/{id}/publish`: as `HostConfig.PortBindings`. */
export interface PublishRequest {
  readonly PortBindings: Readonly<Record<string, readonly ApiPortBinding[] | null>>;
}

/** One published port to give up: all of the container's port, or only those of a host address or port. */
export interface UnpublishedPort {
  /** `80/tcp`, or `80`. */
  readonly Port: string;
  readonly HostIp?: string;
  readonly HostPort?: string;
}

/** `POST /ctr/containers/{id}/unpublish`. */
export interface UnpublishRequest {
  readonly Ports: readonly UnpublishedPort[];
}

/** A network or a container, by name or id. */
export interface GrantEnd {
  readonly Kind?: "network" | "container";
  readonly Name: string;
}

/** `POST` and `DELETE /ctr/networks/grants`. */
export interface GrantRequest {
  readonly From: GrantEnd;
  readonly To: GrantEnd;
  /** Of `To`, as `80/tcp`; everything when absent. */
  readonly Port?: string;
}

/** `POST /ctr/containers/{id}/shape`. */
export interface ShapeRequest {
  /** Bits per second that the container may send; 0 takes the limit away. */
  readonly Rate?: number;
  /** Bits per second that it may receive; 0 takes the limit away. */
  readonly IngressRate?: number;
}

const PUBLISH = record({ PortBindings: PORT_BINDINGS });
const UNPUBLISH = record({ Ports: list(record({ Port: text, HostIp: text, HostPort: text })) });
const END = record({ Kind: text, Name: text });
const GRANT = record({ From: END, To: END, Port: text });
const SHAPE = record({ Rate: integer, IngressRate: integer });

/** @throws `invalid` */
export function decodePublish(body: unknown): PublishRequest {
  const { PortBindings = {} } = PUBLISH(body ?? {}, "") as Partial<PublishRequest>;
  if (Object.keys(PortBindings).length === 0) throw invalid("no ports to publish: PortBindings is empty", CODE);
  return { PortBindings };
}

/** @throws `invalid` */
export function decodeUnpublish(body: unknown): UnpublishRequest {
  const { Ports = [] } = UNPUBLISH(body ?? {}, "") as Partial<UnpublishRequest>;
  if (Ports.length === 0) throw invalid("no ports to give up: Ports is empty", CODE);
  return { Ports };
}

/** @throws `invalid` */
export function decodeGrant(body: unknown): GrantRequest {
  const { From, To, Port } = GRANT(body ?? {}, "") as Partial<GrantRequest>;
  if (!From?.Name || !To?.Name) throw invalid("From and To must both name a network or a container", CODE);
  for (const { Kind } of [From, To]) {
    if (Kind !== undefined && Kind !== "network" && Kind !== "container") {
      throw invalid(`invalid kind "${String(Kind)}": it must be network or container`, CODE);
    }
  }
  return { From, To, ...(Port ? { Port } : {}) };
}

/** @throws `invalid` */
export function decodeShape(body: unknown): ShapeRequest {
  const request = SHAPE(body ?? {}, "") as ShapeRequest;
  for (const rate of [request.Rate, request.IngressRate]) {
    if (rate !== undefined && rate < 0) throw invalid(`invalid rate ${rate}: it must not be negative`, CODE);
  }
  return request;
}

const CODE = "CTR_API_BODY_INVALID";
