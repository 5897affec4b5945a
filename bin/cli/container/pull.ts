/** Pulls an image. */
import type { Client } from "../client/client.ts";
import type { ProgressMessage } from "../client/types.ts";
import { splitReference } from "../reference.ts";
import { type ProgressOutput, showProgress } from "../terminal/progress.ts";

export interface PullRequest {
  readonly image: string;
  readonly platform: string | undefined;
  /** Undefined shows nothing. */
  readonly output: ProgressOutput | undefined;
}

/** @throws {EngineError} */
export async function pullImage(client: Client, { image, platform, output }: PullRequest): Promise<void> {
  const { repository, tag = "latest" } = splitReference(image);
  const query = { fromImage: repository, tag, platform };
  const messages = client.events<ProgressMessage>("POST", "/images/create", { query });
  await showProgress(messages, output ?? { write: () => {} });
}
