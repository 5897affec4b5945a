/** Changes of live limits: what `update`, `limit set` and `limit unset` send. */
import type { UpdateRequest } from "../../../runtime/index.ts";
import { single, type Values } from "../../flags/options.ts";
import { GROUP_LIMIT_OPTIONS } from "./limit-options.ts";
import { resourceChangeOf } from "./limit-request.ts";
import { PROCESS_LIMIT_OPTIONS } from "./options.ts";
import { parseRestartPolicy } from "./values.ts";

/** All that a container can be given while it runs. */
export const UPDATE_OPTIONS = {
  ...GROUP_LIMIT_OPTIONS,
  ...PROCESS_LIMIT_OPTIONS,
  restart: single({
    value: "string",
    help: 'Restart it when it exits: "no", "always", "unless-stopped", "on-failure[:times]"',
    parse: parseRestartPolicy,
  }),
};

export type UpdateValues = Values<typeof UPDATE_OPTIONS>;

export function updateRequest(values: UpdateValues): UpdateRequest {
  const { ulimit, "shm-size": shmSize, "net-rate": networkRate, restart } = values;
  const { resources, unset } = resourceChangeOf(values);
  return {
    ...resources,
    ...(ulimit.length === 0 ? {} : { Ulimits: ulimit }),
    ...(shmSize === undefined ? {} : { ShmSize: shmSize }),
    ...(networkRate === undefined ? {} : { NetworkRate: networkRate }),
    ...(restart === undefined ? {} : { RestartPolicy: restart }),
    ...(unset.length === 0 ? {} : { Unset: unset }),
  };
}
