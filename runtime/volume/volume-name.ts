/** Names of volumes: Docker's rules for them and its words. */
import { invalid } from "../../lib/errors.ts";

const CHARACTERS = "[a-zA-Z0-9][a-zA-Z0-9_.-]";
const NAME = new RegExp(`^${CHARACTERS}*$`);

/** @throws `invalid` with Docker's texts */
export function checkVolumeName(name: string): void {
  if (name.length === 1) {
    throw refusal(`create ${name}: volume name is too short, names should be at least two alphanumeric characters`);
  }
  if (NAME.test(name)) return;
  throw refusal(
    `create ${name}: ${JSON.stringify(name)} includes invalid characters for a local volume name, only "${CHARACTERS}" are allowed. If you intended to pass a host directory, use absolute path`,
  );
}

const refusal = (message: string) => invalid(message, "CTR_VOLUME_NAME_INVALID");
