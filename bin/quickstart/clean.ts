/**
 * `npm run quickstart -- --clean`: takes away what the demonstration made, and the engine with its data when it has nothing
 * of the user's own.
 */
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { runCommand } from "../../lib/command.ts";
import { hasCode } from "../../lib/errors.ts";
import { identifyProcess, isAlive, signalProcess } from "../../lib/system/process.ts";
import { ctr, ctrJson, inspect, projectRoot } from "./client.ts";
import { CONTAINER, type ContainerDetails, IMAGE, LABEL } from "./demonstration.ts";
import { step } from "./terminal.ts";

const PIDFILE = "/run/ctr/ctrd.pid";
const ENGINE_DIRECTORIES = ["/run/ctr", "/var/lib/ctr"];

export async function clean(): Promise<void> {
  if (enginePid() === undefined && !existsSync("/var/lib/ctr")) return console.log("Nothing to clean.");
  await step("Removing the container", removeContainer);
  await step("Removing the image", removeImage);
  const rest = await otherObjects();
  if (rest.length > 0) {
    console.log(`The engine stays: it still has ${rest.join(", ")} of yours. Remove them, and run this again.`);
    return;
  }
  await step("Stopping the engine", stopEngine);
  await step("Removing the bridge and the firewall table", removeNetwork);
  ENGINE_DIRECTORIES.forEach(removeDirectory);
  rmSync(join(projectRoot, "dist"), { recursive: true, force: true });
  console.log("Gone. System packages stay; `apt remove runc crun conmon` takes the container programs away.");
  // Something else may have come to need it meanwhile.
  console.log("IPv4 forwarding stays on; `sysctl -w net.ipv4.ip_forward=0` turns it off where nothing needs it.");
}

/** What an engine leaves for its next start: without one it is of no use. */
async function removeNetwork(): Promise<void> {
  await runCommand(["ip", "link", "delete", "ctr0"], { expect: [0, 1] });
  await runCommand(["nft", "delete", "table", "inet", "ctr"], { expect: [0, 1] });
}

/** A directory that is a mount point of its own (a data disk) is emptied and stays. */
function removeDirectory(directory: string): void {
  try {
    for (const name of readdirSync(directory)) rmSync(join(directory, name), { recursive: true, force: true });
    rmdirSync(directory);
  } catch (error) {
    if (!hasCode(error, "ENOENT", "EBUSY")) throw error;
  }
}

async function removeContainer(): Promise<string> {
  const container = await inspect<ContainerDetails>("container", CONTAINER);
  if (container?.Config.Labels?.[LABEL] === undefined) return "none";
  await ctr(["rm", "--force", CONTAINER]);
  return CONTAINER;
}

async function removeImage(): Promise<string> {
  const image = await inspect<{ readonly Comment: string }>("image", IMAGE);
  if (image?.Comment !== LABEL) return "none";
  const users = await ctrJson(["ps", "--all", "--filter", `ancestor=${IMAGE}`, "--format", "json"]);
  if (users.length > 0) return `${IMAGE} stays, containers of yours are made of it`;
  await ctr(["rmi", IMAGE]);
  return IMAGE;
}

const LISTS = {
  container: ["ps", "--all"],
  image: ["images"],
  volume: ["volume", "ls"],
  network: ["network", "ls", "--filter", "type=custom"],
} as const;

async function otherObjects(): Promise<string[]> {
  const counts = Object.entries(LISTS).map(async ([noun, list]) => {
    const { length } = await ctrJson([...list, "--format", "json"]);
    return length === 0 ? [] : [`${length} ${noun}${length === 1 ? "" : "s"}`];
  });
  return (await Promise.all(counts)).flat();
}

function enginePid(): number | undefined {
  try {
    return Number(readFileSync(PIDFILE, "utf8"));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

async function stopEngine(): Promise<void> {
  const pid = enginePid();
  const engine = pid === undefined ? undefined : identifyProcess(pid);
  if (engine === undefined) return;
  signalProcess(engine.pid, "SIGTERM");
  for (const deadline = Date.now() + 20_000; isAlive(engine); await delay(20)) {
    if (Date.now() > deadline) throw new Error(`ctrd (pid ${engine.pid}) does not end`);
  }
}
