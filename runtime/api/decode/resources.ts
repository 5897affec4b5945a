/** The shape of limits in the bodies of create, update, exec and limit groups: the fields of `DockerResources`, and ours. */
import { type Check, flag, integer, list, mapOf, record, text } from "./shape.ts";

const RATES = list(record({ Path: text, Rate: integer }));

export const RESOURCES: Readonly<Record<string, Check>> = {
  Memory: integer,
  MemorySwap: integer,
  MemoryReservation: integer,
  MemorySwappiness: integer,
  OomKillDisable: flag,
  NanoCpus: integer,
  CpuPeriod: integer,
  CpuQuota: integer,
  CpuShares: integer,
  CpuRealtimePeriod: integer,
  CpuRealtimeRuntime: integer,
  CpusetCpus: text,
  CpusetMems: text,
  PidsLimit: integer,
  BlkioWeight: integer,
  BlkioWeightDevice: list(record({ Path: text, Weight: integer })),
  BlkioDeviceReadBps: RATES,
  BlkioDeviceWriteBps: RATES,
  BlkioDeviceReadIOps: RATES,
  BlkioDeviceWriteIOps: RATES,
  OomScoreAdj: integer,
  Swap: integer,
  MemoryHigh: integer,
  OomGroup: flag,
  CgroupConf: mapOf(text),
};

export const ULIMITS = list(record({ Name: text, Soft: integer, Hard: integer }));
export const RESTART_POLICY = record({ Name: text, MaximumRetryCount: integer });
export const NETWORK_RATE = record({ Egress: integer, Ingress: integer });
