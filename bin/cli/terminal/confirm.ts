/** Asks the user before something is done that cannot be undone. */
import { createInterface } from "node:readline";

/** Only `y` and `yes` are a yes; the end of the input is a no. */
export async function confirm(warning: string): Promise<boolean> {
  process.stdout.write(`${warning}\nAre you sure you want to continue? [y/N] `);
  const lines = createInterface({ input: process.stdin });
  try {
    for await (const line of lines) return ["y", "yes"].includes(line.trim().toLowerCase());
    return false;
  } finally {
    lines.close();
  }
}
