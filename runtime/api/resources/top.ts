/** The processes of a container. */
import { CommandError, runCommand } from "../../../lib/command.ts";
import { conflict, invalid, messageOf } from "../../../lib/errors.ts";
import { processUsage } from "../../metrics/index.ts";
import type { Container } from "../../types.ts";
import type { ApiEngine } from "../engine-face.ts";
import type { Exchange } from "../exchange.ts";
import { isRunning } from "../views/status.ts";
import { processTable, processUsageView } from "../views/top.ts";

/** `GET /containers/{id}/top`. */
export async function containerTop(exchange: Exchange, { containers }: ApiEngine): Promise<void> {
  const { id } = running(containers.find(exchange.parameter("id")));
  const ps = await runCommand(["ps", ...(exchange.text("ps_args") ?? "-ef").trim().split(/\s+/)]).catch((error) => {
    throw invalid(`ps: ${psFailure(error)}`, { code: "CTR_TOP_FAILED", cause: error });
  });
  exchange.json(200, processTable(ps.stdout, new Set(containers.cgroupsOf(id).processes(id))));
}

/** `GET /ctr/containers/{id}/processes`: what each of them uses, and who would be killed first when memory runs out. */
export async function containerProcesses(exchange: Exchange, { containers }: ApiEngine): Promise<void> {
  const { id } = running(containers.find(exchange.parameter("id")));
  exchange.json(200, (await processUsage(containers.cgroupsOf(id).processes(id))).map(processUsageView));
}

/** @throws `conflict`, with Docker's text */
function running(container: Container): Container {
  if (isRunning(container)) return container;
  throw conflict(`container ${container.id} is not running`, "CTR_CONTAINER_NOT_RUNNING");
}

/** Only the first line of what ps says; the others are its usage. */
function psFailure(error: unknown): string {
  const said = error instanceof CommandError ? error.result.stderr.trim().split("\n")[0] : undefined;
  return said || messageOf(error);
}
