/** The engine itself: ping, version, info. */
import { readdirSync, readFileSync } from "node:fs";
import { arch, availableParallelism, hostname, machine, release } from "node:os";
import { parseEnv } from "node:util";
import type { ApiEngine } from "../engine-face.ts";
import type { Exchange } from "../exchange.ts";
import { isRunning } from "../views/status.ts";
import { type HostFacts, infoForVersion, infoView, versionView } from "../views/system.ts";

/** `GET` and `HEAD /_ping`: what clients ask first, to learn the API version from the headers. */
export function ping({ request, response }: Exchange): void {
  const isHead = request.method === "HEAD";
  response.writeHead(200, {
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": isHead ? 0 : 2,
    "Cache-Control": "no-cache, no-store, must-revalidate",
    Pragma: "no-cache",
    "Builder-Version": "1",
    Swarm: "inactive",
  });
  response.end(isHead ? "" : "OK");
}

export function showVersion(exchange: Exchange, engine: ApiEngine): void {
  exchange.json(200, versionView(engine.version(), hostFacts()));
}

export async function showInfo(exchange: Exchange, engine: ApiEngine): Promise<void> {
  const all = engine.containers.list();
  const paused = all.filter(({ status }) => status === "paused").length;
  const running = all.filter(isRunning).length - paused;
  const counts = { running, paused, stopped: all.length - running - paused, images: engine.images.list().length };
  const info = await engine.info();
  const { cgroups, network } = engine;
  const view = infoView(info, engine.version(), hostFacts(), cgroups.host, counts, network.warnings());
  exchange.json(200, infoForVersion(view, exchange.version));
}

const GO_ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386" };

function hostFacts(): HostFacts {
  const { PRETTY_NAME = "Linux", VERSION_ID = "" } = osRelease();
  return {
    hostName: hostname(),
    kernel: release(),
    operatingSystem: PRETTY_NAME,
    osVersion: VERSION_ID,
    machine: machine(),
    architecture: GO_ARCHITECTURES[arch()] ?? arch(),
    cpus: availableParallelism(),
    time: new Date().toISOString(),
    nodeVersion: process.version,
    openFiles: readdirSync("/proc/self/fd").length,
  };
}

/** See os-release(5); a system without one is just Linux. */
function osRelease(): { readonly PRETTY_NAME?: string; readonly VERSION_ID?: string } {
  try {
    return parseEnv(readFileSync("/etc/os-release", "utf8"));
  } catch {
    return {};
  }
}
