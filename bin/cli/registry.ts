/** All commands by their names. Each is loaded only when it is called, so that `ctr` starts fast. */
import type { Command } from "./command.ts";

export type Load = () => Promise<Command>;

/** A command that only holds others: `ctr container …`. */
export interface Group {
  readonly summary: string;
  readonly commands: Readonly<Record<string, Load>>;
  /** Further names of a command in this group. */
  readonly aliases: Readonly<Record<string, string>>;
}

const attach: Load = async () => (await import("./commands/attach.ts")).command;
const create: Load = async () => (await import("./commands/create.ts")).command;
const events: Load = async () => (await import("./commands/events.ts")).command;
const exec: Load = async () => (await import("./commands/exec.ts")).command;
const images: Load = async () => (await import("./commands/images.ts")).command;
const importImage: Load = async () => (await import("./commands/import.ts")).command;
const info: Load = async () => (await import("./commands/info.ts")).command;
const inspect: Load = async () => (await import("./commands/inspect.ts")).command;
const inspectContainer: Load = async () => (await import("./commands/inspect.ts")).containerCommand;
const inspectImage: Load = async () => (await import("./commands/inspect.ts")).imageCommand;
const inspectNetwork: Load = async () => (await import("./commands/inspect.ts")).networkCommand;
const kill: Load = async () => (await import("./commands/kill.ts")).command;
const limitGroups: Load = async () => (await import("./commands/limit-groups.ts")).command;
const limitAdvise: Load = async () => (await import("./commands/limit-advise.ts")).command;
const limitEvents: Load = async () => (await import("./commands/limit-events.ts")).command;
const limitExplain: Load = async () => (await import("./commands/limit-explain.ts")).command;
const limitList: Load = async () => (await import("./commands/limit-ls.ts")).command;
const limitSet: Load = async () => (await import("./commands/limit-set.ts")).command;
const limitShow: Load = async () => (await import("./commands/limit-show.ts")).command;
const limitStress: Load = async () => (await import("./commands/limit-stress.ts")).command;
const limitUnset: Load = async () => (await import("./commands/limit-unset.ts")).command;
const limitVerify: Load = async () => (await import("./commands/limit-verify.ts")).command;
const limitWatch: Load = async () => (await import("./commands/limit-watch.ts")).command;
const load: Load = async () => (await import("./commands/load.ts")).command;
const logs: Load = async () => (await import("./commands/logs.ts")).command;
const networkAllow: Load = async () => (await import("./commands/net-allow.ts")).command;
const networkBench: Load = async () => (await import("./commands/net-bench.ts")).command;
const networkBundle: Load = async () => (await import("./commands/net-bundle.ts")).command;
const networkCapture: Load = async () => (await import("./commands/net-capture.ts")).command;
const networkConnect: Load = async () => (await import("./commands/net-connect.ts")).command;
const networkCreate: Load = async () => (await import("./commands/net-create.ts")).command;
const networkDeny: Load = async () => (await import("./commands/net-deny.ts")).command;
const networkDisconnect: Load = async () => (await import("./commands/net-disconnect.ts")).command;
const networkDns: Load = async () => (await import("./commands/net-dns.ts")).command;
const networkDoctor: Load = async () => (await import("./commands/net-doctor.ts")).command;
const networkDrops: Load = async () => (await import("./commands/net-drops.ts")).command;
const networkGrants: Load = async () => (await import("./commands/net-grants.ts")).command;
const networkList: Load = async () => (await import("./commands/net-ls.ts")).command;
const networkMap: Load = async () => (await import("./commands/net-map.ts")).command;
const networkMatrix: Load = async () => (await import("./commands/net-matrix.ts")).command;
const networkPorts: Load = async () => (await import("./commands/net-ports.ts")).command;
const networkPrune: Load = async () => (await import("./commands/net-prune.ts")).command;
const networkPublish: Load = async () => (await import("./commands/net-publish.ts")).command;
const networkRemove: Load = async () => (await import("./commands/net-rm.ts")).command;
const networkRepair: Load = async () => (await import("./commands/net-repair.ts")).command;
const networkRules: Load = async () => (await import("./commands/net-rules.ts")).command;
const networkShape: Load = async () => (await import("./commands/net-shape.ts")).command;
const networkTop: Load = async () => (await import("./commands/net-top.ts")).command;
const networkTrace: Load = async () => (await import("./commands/net-trace.ts")).command;
const networkUnpublish: Load = async () => (await import("./commands/net-unpublish.ts")).command;
const networkWhy: Load = async () => (await import("./commands/net-why.ts")).command;
const pause: Load = async () => (await import("./commands/pause.ts")).command;
const port: Load = async () => (await import("./commands/port.ts")).command;
const ps: Load = async () => (await import("./commands/ps.ts")).command;
const pull: Load = async () => (await import("./commands/pull.ts")).command;
const rename: Load = async () => (await import("./commands/rename.ts")).command;
const restart: Load = async () => (await import("./commands/restart.ts")).command;
const rm: Load = async () => (await import("./commands/rm.ts")).command;
const rmi: Load = async () => (await import("./commands/rmi.ts")).command;
const run: Load = async () => (await import("./commands/run.ts")).command;
const start: Load = async () => (await import("./commands/start.ts")).command;
const stats: Load = async () => (await import("./commands/stats.ts")).command;
const stop: Load = async () => (await import("./commands/stop.ts")).command;
const tag: Load = async () => (await import("./commands/tag.ts")).command;
const top: Load = async () => (await import("./commands/top.ts")).command;
const unpause: Load = async () => (await import("./commands/unpause.ts")).command;
const update: Load = async () => (await import("./commands/update.ts")).command;
const version: Load = async () => (await import("./commands/version.ts")).command;
const volumeCreate: Load = async () => (await import("./commands/volume-create.ts")).command;
const volumeList: Load = async () => (await import("./commands/volume-ls.ts")).command;
const volumePrune: Load = async () => (await import("./commands/volume-prune.ts")).command;
const volumeRemove: Load = async () => (await import("./commands/volume-rm.ts")).command;
const inspectVolume: Load = async () => (await import("./commands/inspect.ts")).volumeCommand;
const wait: Load = async () => (await import("./commands/wait.ts")).command;

const ofContainers = {
  attach,
  create,
  exec,
  kill,
  logs,
  pause,
  port,
  rename,
  restart,
  rm,
  run,
  start,
  stats,
  stop,
  top,
  unpause,
  update,
  wait,
};

/** The commands of the first level, as `ctr --help` groups them. */
export const COMMANDS: Readonly<Record<string, Readonly<Record<string, Load>>>> = {
  Containers: { ...ofContainers, ps, inspect },
  Images: { images, import: importImage, load, pull, rmi, tag },
  Engine: { events, info, version },
};

const networkGroup: Group = {
  summary: "Networks: what they are, who is on them, who reaches whom",
  commands: {
    allow: networkAllow,
    bench: networkBench,
    bundle: networkBundle,
    capture: networkCapture,
    connect: networkConnect,
    create: networkCreate,
    deny: networkDeny,
    disconnect: networkDisconnect,
    dns: networkDns,
    doctor: networkDoctor,
    drops: networkDrops,
    grants: networkGrants,
    inspect: inspectNetwork,
    ls: networkList,
    map: networkMap,
    matrix: networkMatrix,
    ports: networkPorts,
    prune: networkPrune,
    publish: networkPublish,
    repair: networkRepair,
    rm: networkRemove,
    rules: networkRules,
    shape: networkShape,
    top: networkTop,
    trace: networkTrace,
    unpublish: networkUnpublish,
    why: networkWhy,
  },
  aliases: { list: "ls", remove: "rm" },
};

export const GROUPS: Readonly<Record<string, Group>> = {
  container: {
    summary: "Containers",
    commands: { ...ofContainers, inspect: inspectContainer, ls: ps },
    aliases: { list: "ls", ps: "ls", remove: "rm" },
  },
  image: {
    summary: "Images",
    commands: { import: importImage, inspect: inspectImage, load, ls: images, pull, rm: rmi, tag },
    aliases: { list: "ls", remove: "rm" },
  },
  limit: {
    summary: "Limits: what the kernel enforces, and what is used",
    commands: {
      advise: limitAdvise,
      events: limitEvents,
      explain: limitExplain,
      groups: limitGroups,
      ls: limitList,
      set: limitSet,
      show: limitShow,
      stress: limitStress,
      unset: limitUnset,
      verify: limitVerify,
      watch: limitWatch,
    },
    aliases: { list: "ls" },
  },
  net: networkGroup,
  network: { ...networkGroup, summary: "The same as net" },
  system: { summary: "The engine", commands: { events, info }, aliases: {} },
  volume: {
    summary: "Volumes: directories that outlive containers",
    commands: {
      create: volumeCreate,
      inspect: inspectVolume,
      ls: volumeList,
      prune: volumePrune,
      rm: volumeRemove,
    },
    aliases: { list: "ls", remove: "rm" },
  },
};
