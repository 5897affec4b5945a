import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseDaemonFlags } from "../../../bin/daemon/flags.ts";
import { runCommand } from "../../../lib/command.ts";

const root = join(import.meta.dirname, "../../..");
const read = (name: string): string => readFileSync(join(root, "docs", name), "utf8");

describe("docs", () => {
  it("cli.md is what the commands say of themselves", async () => {
    const { stdout } = await runCommand([process.execPath, join(root, "bin/cli-docs.ts")]);
    assert.equal(read("cli.md"), stdout, "make it again: node bin/cli-docs.ts > docs/cli.md");
  });

  it("daemon.md names every flag of ctrd", () => {
    const table = read("daemon.md");
    for (const name of Object.keys(parseDaemonFlags([]).values)) assert.ok(table.includes(`\`--${name}\``), name);
  });
});
