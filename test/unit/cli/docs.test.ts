import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { GROUPS } from "../../../bin/cli/registry.ts";
import { parseDaemonFlags } from "../../../bin/daemon/flags.ts";
import { FILE_SCHEMA } from "../../../bin/daemon/settings.ts";
import { runCommand } from "../../../lib/command.ts";

const root = join(import.meta.dirname, "../../..");
const read = (name: string): string => readFileSync(join(root, "docs", name), "utf8");

describe("docs", () => {
  it("cli.md is what the commands say of themselves", async () => {
    const { stdout } = await runCommand([process.execPath, join(root, "bin/cli-docs.ts")]);
    assert.equal(read("cli.md"), stdout, "make it again: node bin/cli-docs.ts > docs/cli.md");
  });

  it("networking.md names only commands that there are, and all of ctr's own", () => {
    const named = new Set([...read("networking.md").matchAll(/\bctr net ([a-z]+)/g)].map(([, verb = ""]) => verb));
    const known = Object.keys(GROUPS["net"]?.commands ?? {});
    assert.deepEqual(
      [...named].filter((verb) => !known.includes(verb)),
      [],
    );
    const docker = ["inspect", "ls", "rm", "disconnect"];
    assert.deepEqual(
      known.filter((verb) => !named.has(verb) && !docker.includes(verb)),
      [],
    );
  });

  it("daemon.md names every flag of ctrd, and every key of daemon.json", () => {
    const table = read("daemon.md");
    for (const name of Object.keys(parseDaemonFlags([]).values)) assert.ok(table.includes(`\`--${name}\``), name);
    for (const name of Object.keys(FILE_SCHEMA)) assert.ok(table.includes(`\`${name}\``), name);
  });
});
