/** Decodes the bodies of `POST /containers/{id}/update`, `/ctr/containers/{id}/limits` and `/ctr/limit-groups/{name}`. */
import type { DockerResources } from "../../../cgroups/index.ts";
import { invalid } from "../../../lib/errors.ts";
import type { UpdateRequest } from "../../types.ts";
import { NETWORK_RATE, RESOURCES, RESTART_POLICY, ULIMITS } from "./resources.ts";
import { integer, list, record, text } from "./shape.ts";

const UPDATE = record({
  ...RESOURCES,
  RestartPolicy: RESTART_POLICY,
  Ulimits: ULIMITS,
  ShmSize: integer,
  NetworkRate: NETWORK_RATE,
  Unset: list(text),
});

export interface LimitGroupRequest extends DockerResources {
  /** Limits to be taken away, by any of their names. */
  readonly Unset?: readonly string[];
}

const GROUP = record({ ...RESOURCES, Unset: list(text) });

/** Minor number of the first API version whose update knows a limit of processes. */
const PIDS_LIMIT_SINCE = 40;

/**
 * A limit of processes of 0 or below takes the limit away: unlike the others, clients send it only when it was named.
 * @param version minor number of the API version
 * @throws `invalid`
 */
export function decodeUpdate(body: unknown, version: number): UpdateRequest {
  const { PidsLimit, ...others } = UPDATE(bodyOf(body), "") as UpdateRequest;
  if (typeof PidsLimit !== "number" || version < PIDS_LIMIT_SINCE) return others;
  return { ...others, PidsLimit: PidsLimit > 0 ? PidsLimit : -1 };
}

/** @throws `invalid` */
export function decodeLimitGroup(body: unknown): LimitGroupRequest {
  return GROUP(bodyOf(body), "") as LimitGroupRequest;
}

function bodyOf(body: unknown): unknown {
  if (body === undefined || body === null)
    throw invalid("no limits are given: the body is empty", "CTR_API_BODY_INVALID");
  return body;
}
