/** The image that load comes from, made on first use. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "../client/client.ts";
import type { ImageSummary, ProgressMessage } from "../client/types.ts";
import { showProgress } from "../terminal/progress.ts";
import { gatherPrograms } from "./programs.ts";

const REPOSITORY = "ctr/stress-ng";

/** Rises when an image of an earlier version would not serve. */
const RECIPE = "ctr.stress.recipe=1";

/**
 * The newest image that the engine has, else one that is made here of the distribution's packages.
 * @param tell called with a line when that takes time
 * @returns its name
 * @throws {CliError} that says what to install
 */
export async function stressImage(client: Client, tell: (line: string) => void): Promise<string> {
  const filters = JSON.stringify({ reference: [REPOSITORY], label: [RECIPE] });
  const [image] = await client.get<ImageSummary[]>("/images/json", { filters });
  return image?.RepoTags?.[0] ?? (await makeImage(client, tell));
}

async function makeImage(client: Client, tell: (line: string) => void): Promise<string> {
  tell("Making an image of the distribution's stress-ng, once");
  const work = mkdtempSync(join(tmpdir(), "ctr-stress-"));
  try {
    const { root, version } = await gatherPrograms(work);
    await upload(client, root, version);
    return `${REPOSITORY}:${version}`;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function upload(client: Client, root: string, tag: string): Promise<void> {
  const flags = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"];
  const tar = spawn("tar", [...flags, "-C", root, "-cf", "-", "."], { stdio: ["ignore", "pipe", "inherit"] });
  const changes = [`LABEL ${RECIPE}`, "ENV PATH=/usr/bin:/bin", 'CMD ["stress-ng", "--help"]'];
  const messages = client.events<ProgressMessage>("POST", "/images/create", {
    upload: tar.stdout,
    query: { fromSrc: "-", repo: REPOSITORY, tag, message: "stress-ng of the distribution", changes },
    headers: { "Content-Type": "application/x-tar" },
  });
  await showProgress(messages, { write: () => {} });
}
