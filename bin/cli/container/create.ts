/** Creates a container, and pulls its image first where that is wanted. */
import { existsSync, writeFileSync } from "node:fs";
import type { ContainerCreateRequest } from "../../../runtime/index.ts";
import type { Client } from "../client/client.ts";
import { CliError, EngineError, ExitCode } from "../errors.ts";
import { familiarName } from "../reference.ts";
import { pullImage } from "./pull.ts";
import type { ContainerValues } from "./request.ts";

const PULL_POLICIES = ["always", "missing", "never"];

/** @returns the new container's id. Warnings go to stderr. */
export async function createContainer(
  client: Client,
  request: ContainerCreateRequest,
  values: ContainerValues,
): Promise<string> {
  const { cidfile } = values;
  if (cidfile !== undefined && existsSync(cidfile)) {
    throw new CliError(
      `container ID file found, make sure the other container isn't running or delete ${cidfile}`,
      ExitCode.notRun,
    );
  }
  for (const server of values.dns.filter(isLoopback)) {
    console.error(`WARNING: Localhost DNS (${server}) may fail in containers.`);
  }
  const { Id, Warnings } = await createWithImage(client, request, values);
  for (const warning of Warnings ?? []) console.error(`WARNING: ${warning}`);
  if (cidfile !== undefined) writeFileSync(cidfile, Id);
  return Id;
}

interface CreateAnswer {
  readonly Id: string;
  readonly Warnings: readonly string[] | null;
}

async function createWithImage(
  client: Client,
  body: ContainerCreateRequest,
  { name, platform, pull: policy = "missing", quiet }: ContainerValues,
): Promise<CreateAnswer> {
  if (!PULL_POLICIES.includes(policy)) {
    throw new CliError(
      `invalid pull option: '${policy}': must be one of "always", "missing" or "never"`,
      ExitCode.notRun,
    );
  }
  const image = body.Image ?? "";
  const create = () => client.post<CreateAnswer>("/containers/create", { query: { name, platform }, body });
  const pull = () => pullImage(client, { image, platform, output: quiet ? undefined : process.stderr });
  if (policy === "always") {
    await pull();
    return await create();
  }
  try {
    return await create();
  } catch (error) {
    if (policy === "never" || !isMissingImage(error)) throw error;
    if (!quiet) console.error(`Unable to find image '${familiarName(image)}' locally`);
    await pull();
    return await create();
  }
}

const isMissingImage = (error: unknown): boolean =>
  error instanceof EngineError && error.status === 404 && /no such image/i.test(error.reason);

/** Inside a container it is the container's own loopback, where nobody answers. */
const isLoopback = (address: string): boolean => address === "::1" || address.startsWith("127.");
