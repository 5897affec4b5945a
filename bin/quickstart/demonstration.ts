/** The steps of the demonstration. Each may run again and then finds its work done. */
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { runCommand } from "../../lib/command.ts";
import { busyboxRootFileSystem } from "./busybox-image.ts";
import { ctr, inspect, projectRoot } from "./client.ts";

export const CONTAINER = "web";
export const IMAGE = "busybox:latest";
/** Marks what the demonstration made, so that `--clean` takes nothing else away. */
export const LABEL = "ctr.quickstart";
const FIRST_PORT = 8080;
const LAST_PORT = 8179;

export interface WebServer {
  readonly port: number;
  /** What the server answered. */
  readonly page: string;
}

export interface ContainerDetails {
  readonly State: { readonly Running: boolean };
  readonly Config: { readonly Labels: Readonly<Record<string, string>> | null };
  readonly HostConfig: { readonly PortBindings: Readonly<Record<string, readonly { readonly HostPort: string }[]>> };
  readonly NetworkSettings: {
    readonly Networks: Readonly<
      Record<string, { readonly IPAddress: string; readonly Gateway: string; readonly MacAddress: string }>
    >;
  };
}

export async function buildPrograms(): Promise<void> {
  await runCommand([process.execPath, join(projectRoot, "bin/build.ts")], { cwd: projectRoot });
}

/** The first `ctr` starts the engine when none listens. */
export async function startEngine(): Promise<string> {
  return `version ${await ctr(["version", "--format", "{{.Server.Version}}"])}`;
}

export async function importBusybox(): Promise<string> {
  if ((await inspect("image", IMAGE)) !== undefined) return `${IMAGE} is there already`;
  const input = await busyboxRootFileSystem();
  await ctr(["import", "--change", 'CMD ["sh"]', "--message", LABEL, "-", IMAGE], { input });
  return IMAGE;
}

export async function startWebServer(): Promise<WebServer> {
  const existing = await inspect<ContainerDetails>("container", CONTAINER);
  if (existing === undefined) await runWebServer(await freePort());
  else if (existing.Config.Labels?.[LABEL] === undefined) {
    throw new Error(
      `there is a container named ${CONTAINER} that the quickstart did not make; rename it and try again: ctr rename ${CONTAINER} my-${CONTAINER}`,
    );
  } else if (!existing.State.Running) await ctr(["start", CONTAINER]);
  const port = await publishedPort();
  return { port, page: await fetchPage(port) };
}

async function runWebServer(port: number): Promise<void> {
  const page = `${join(projectRoot, "docs/welcome")}:/www:ro`;
  await ctr([
    ...["run", "-d", "--name", CONTAINER, "--label", `${LABEL}=1`, "-p", `${port}:80`],
    ...["--memory", "64m", "--cpus", "0.5", "-v", page, IMAGE, "httpd", "-f", "-p", "80", "-h", "/www"],
  ]);
}

async function publishedPort(): Promise<number> {
  const details = await inspect<ContainerDetails>("container", CONTAINER);
  return Number(details?.HostConfig.PortBindings["80/tcp"]?.[0]?.HostPort);
}

/** The first port from 8080 that nothing on this host listens on. */
async function freePort(): Promise<number> {
  for (let port = FIRST_PORT; port <= LAST_PORT; port++) {
    if (await isFree(port)) {
      if (port !== FIRST_PORT) console.log(`  port ${FIRST_PORT} is in use on this host: taking ${port} instead`);
      return port;
    }
  }
  throw new Error(`all ports from ${FIRST_PORT} to ${LAST_PORT} are in use on this host`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "0.0.0.0", exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Asks the page through the published port, as a browser would. The server needs a moment to start. */
async function fetchPage(port: number): Promise<string> {
  const url = `http://127.0.0.1:${port}/`;
  const deadline = Date.now() + 10_000;
  for (;;) {
    try {
      const response = await fetch(url);
      if (!response.ok) throw new Error(`${url} answered ${response.status}`);
      return await response.text();
    } catch (error) {
      if (Date.now() > deadline)
        throw new Error(`${url} does not answer; see: ctr logs ${CONTAINER}`, { cause: error });
      await delay(20);
    }
  }
}
