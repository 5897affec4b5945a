import { formatBinarySize } from "../../../lib/units/size.ts";
import { buildFacts } from "../../build-facts.ts";
import { text } from "../../flags/options.ts";
import { defineCommand } from "../command.ts";
import { compileTemplate } from "../format/template/evaluate.ts";

interface EngineInfo {
  readonly Containers: number;
  readonly ContainersRunning: number;
  readonly ContainersPaused: number;
  readonly ContainersStopped: number;
  readonly Images: number;
  readonly ServerVersion: string;
  readonly Driver: string;
  readonly DriverStatus: readonly (readonly [string, string])[] | null;
  readonly LoggingDriver: string;
  readonly CgroupDriver: string;
  readonly CgroupVersion?: string;
  readonly Plugins: Readonly<Record<string, readonly string[] | null>>;
  readonly Runtimes: Readonly<Record<string, unknown>>;
  readonly DefaultRuntime: string;
  readonly InitBinary: string;
  readonly SecurityOptions: readonly string[] | null;
  readonly KernelVersion: string;
  readonly OperatingSystem: string;
  readonly OSType: string;
  readonly Architecture: string;
  readonly NCPU: number;
  /** Bytes. */
  readonly MemTotal: number;
  readonly Name: string;
  readonly ID: string;
  readonly DockerRootDir: string;
  readonly RegistryConfig: { readonly InsecureRegistryCIDRs: readonly string[] | null } | null;
  readonly LiveRestoreEnabled: boolean;
  readonly Warnings: readonly string[] | null;
}

export const command = defineCommand({
  summary: "Show facts of the engine and its host",
  usage: "[OPTIONS]",
  operands: [0, 0],
  alsoKnownAs: ["system info", "info"],
  options: { format: text({ short: "f", help: "json, or a Go template: '{{.Driver}}'" }) },
  examples: ["ctr info", "ctr info --format '{{.CgroupVersion}}'"],
  async run({ values }, { client }) {
    const info = await client.get<EngineInfo>("/info");
    if (values.format !== undefined && values.format !== "") {
      const show = values.format === "json" ? JSON.stringify : compileTemplate(values.format);
      process.stdout.write(`${show({ ClientInfo: { Version: buildFacts().version }, ...info })}\n`);
      return;
    }
    process.stdout.write(
      `Client:\n Version:    ${buildFacts().version}\n\nServer:\n${serverLines(info).join("\n")}\n\n`,
    );
    for (const warning of info.Warnings ?? []) console.error(warning);
  },
});

function serverLines(info: EngineInfo): string[] {
  const plugins = (kind: string): string[] => {
    const names = info.Plugins[kind] ?? [];
    return names.length === 0 ? [] : [`  ${kind}: ${names.join(" ")}`];
  };
  return [
    ` Containers: ${info.Containers}`,
    `  Running: ${info.ContainersRunning}`,
    `  Paused: ${info.ContainersPaused}`,
    `  Stopped: ${info.ContainersStopped}`,
    ` Images: ${info.Images}`,
    ` Server Version: ${info.ServerVersion}`,
    ` Storage Driver: ${info.Driver}`,
    ...(info.DriverStatus ?? []).map(([key, value]) => `  ${key}: ${value}`),
    ` Logging Driver: ${info.LoggingDriver}`,
    ` Cgroup Driver: ${info.CgroupDriver}`,
    ` Cgroup Version: ${info.CgroupVersion ?? "1"}`,
    " Plugins:",
    ...["Volume", "Network", "Log"].flatMap(plugins),
    ` Runtimes: ${Object.keys(info.Runtimes).join(" ")}`,
    ` Default Runtime: ${info.DefaultRuntime}`,
    ` Init Binary: ${info.InitBinary}`,
    ...securityLines(info.SecurityOptions ?? []),
    ` Kernel Version: ${info.KernelVersion}`,
    ` Operating System: ${info.OperatingSystem}`,
    ` OSType: ${info.OSType}`,
    ` Architecture: ${info.Architecture}`,
    ` CPUs: ${info.NCPU}`,
    ` Total Memory: ${formatBinarySize(info.MemTotal)}`,
    ` Name: ${info.Name}`,
    ` ID: ${info.ID}`,
    ` Docker Root Dir: ${info.DockerRootDir}`,
    " Insecure Registries:",
    ...(info.RegistryConfig?.InsecureRegistryCIDRs ?? []).map((range) => `  ${range}`),
    ` Live Restore Enabled: ${info.LiveRestoreEnabled}`,
  ];
}

/** `name=seccomp,profile=builtin` → the name, its options below it. */
function securityLines(options: readonly string[]): string[] {
  if (options.length === 0) return [];
  const lines = options.flatMap((option) => {
    const [name = "", ...rest] = option.split(",").map((field) => field.split("="));
    return [
      `  ${name[1] ?? name[0]}`,
      ...rest.map(([key = "", value]) => `   ${key[0]?.toUpperCase()}${key.slice(1)}: ${value}`),
    ];
  });
  return [" Security Options:", ...lines];
}
