/** Decodes the bodies of `POST /networks/create`, `/networks/{id}/connect` and `/networks/{id}/disconnect`. */
import { invalid } from "../../../lib/errors.ts";
import type { NetworkRequest, Subnet } from "../../../netns/index.ts";
import type { EndpointSettings } from "../../types.ts";
import { ENDPOINT_SETTINGS } from "./endpoint-settings.ts";
import { type Check, flag, list, mapOf, record, text } from "./shape.ts";

/** An entry of `IPAM.Config`, in Docker's words. */
interface ApiSubnet {
  readonly Subnet?: string;
  readonly Gateway?: string;
  readonly IPRange?: string;
  readonly AuxiliaryAddresses?: Readonly<Record<string, string>>;
}

interface ApiNetworkCreate {
  readonly Name?: string;
  readonly Driver?: string;
  readonly Scope?: string;
  readonly EnableIPv4?: boolean;
  readonly EnableIPv6?: boolean;
  readonly Internal?: boolean;
  readonly Attachable?: boolean;
  readonly Ingress?: boolean;
  readonly ConfigOnly?: boolean;
  readonly ConfigFrom?: { readonly Network?: string };
  readonly IPAM?: {
    readonly Driver?: string;
    readonly Options?: Readonly<Record<string, string>>;
    readonly Config?: readonly ApiSubnet[];
  };
  readonly Options?: Readonly<Record<string, string>>;
  readonly Labels?: Readonly<Record<string, string>>;
}

const NETWORK_CREATE: Check = record({
  Name: text,
  Driver: text,
  Scope: text,
  EnableIPv4: flag,
  EnableIPv6: flag,
  Internal: flag,
  Attachable: flag,
  Ingress: flag,
  ConfigOnly: flag,
  ConfigFrom: record({ Network: text }),
  IPAM: record({
    Driver: text,
    Options: mapOf(text),
    Config: list(record({ Subnet: text, Gateway: text, IPRange: text, AuxiliaryAddresses: mapOf(text) })),
  }),
  Options: mapOf(text),
  Labels: mapOf(text),
});

/** Minor number of the first API version in which a network may be without IPv4. */
const ENABLE_IPV4_SINCE = 48;

/**
 * @param version minor number of the API version
 * @throws `invalid` for an empty body or name, and for a field of the wrong type, which it names
 */
export function decodeNetworkCreate(body: unknown, version: number): NetworkRequest {
  if (body === undefined || body === null) throw invalid("invalid JSON: got EOF while reading request body", BODY);
  const asked = NETWORK_CREATE(body, "") as ApiNetworkCreate;
  const { Name: name = "", Driver, Scope, ConfigFrom, IPAM } = asked;
  return {
    name,
    ...(Driver ? { driver: Driver } : {}),
    ...(Scope ? { scope: Scope } : {}),
    ...(asked.EnableIPv4 === undefined || version < ENABLE_IPV4_SINCE ? {} : { enableIPv4: asked.EnableIPv4 }),
    ...(asked.EnableIPv6 === undefined ? {} : { enableIPv6: asked.EnableIPv6 }),
    ...(asked.Internal === undefined ? {} : { internal: asked.Internal }),
    ...(asked.Attachable === undefined ? {} : { attachable: asked.Attachable }),
    ...(asked.Ingress === undefined ? {} : { ingress: asked.Ingress }),
    ...(asked.ConfigOnly === undefined ? {} : { configOnly: asked.ConfigOnly }),
    ...(ConfigFrom?.Network ? { configFrom: ConfigFrom.Network } : {}),
    ...(IPAM === undefined ? {} : { ipam: ipamOf(IPAM) }),
    ...(asked.Options === undefined ? {} : { options: asked.Options }),
    ...(asked.Labels === undefined ? {} : { labels: asked.Labels }),
  };
}

function ipamOf({
  Driver,
  Options,
  Config,
}: NonNullable<ApiNetworkCreate["IPAM"]>): NonNullable<NetworkRequest["ipam"]> {
  return {
    ...(Driver ? { driver: Driver } : {}),
    ...(Options === undefined ? {} : { options: Options }),
    ...(Config === undefined ? {} : { config: Config.map(subnetOf) }),
  };
}

const subnetOf = ({ Subnet: subnet = "", Gateway, IPRange, AuxiliaryAddresses }: ApiSubnet): Subnet => ({
  subnet,
  ...(Gateway ? { gateway: Gateway } : {}),
  ...(IPRange ? { ipRange: IPRange } : {}),
  ...(AuxiliaryAddresses === undefined ? {} : { auxAddresses: AuxiliaryAddresses }),
});

export interface ConnectRequest {
  /** Name, id or prefix of the id. */
  readonly container: string;
  readonly settings: EndpointSettings;
}

export interface DisconnectRequest {
  readonly container: string;
  readonly force: boolean;
}

const CONNECT = record({ Container: text, EndpointConfig: ENDPOINT_SETTINGS });
const DISCONNECT = record({ Container: text, Force: flag });

/** @throws `invalid` */
export function decodeConnect(body: unknown): ConnectRequest {
  const { Container: container = "", EndpointConfig: settings = {} } = CONNECT(body ?? {}, "") as {
    Container?: string;
    EndpointConfig?: EndpointSettings;
  };
  return { container, settings };
}

/** @throws `invalid` */
export function decodeDisconnect(body: unknown): DisconnectRequest {
  const { Container: container = "", Force: force = false } = DISCONNECT(body ?? {}, "") as {
    Container?: string;
    Force?: boolean;
  };
  return { container, force };
}

const BODY = "CTR_API_BODY_INVALID";
