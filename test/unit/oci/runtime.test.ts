import { deepEqual, rejects } from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { firstWorking } from "../../../runtime/oci/runtime.ts";

describe("the choice of an OCI runtime", () => {
  const directory = mkdtempSync(join(tmpdir(), "ctr-oci-"));
  after(() => rmSync(directory, { recursive: true }));
  const program = (place: string, name: string, script: string): string => {
    mkdirSync(join(directory, place), { recursive: true });
    writeFileSync(join(directory, place, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return join(directory, place);
  };
  const empty = join(directory, "empty");
  const runc = program("runc", "runc", "echo runc version 1.1.5+ds1; echo spec: 1.0.2-dev");
  const crun = program("crun", "crun", "echo crun version 1.8.1; echo commit: f8a096b");
  const broken = program("broken", "crun", "echo cannot load libseccomp.so.2 >&2; exit 127");
  const foreign = program("foreign", "runc", "echo something else");

  it("takes the first that is named and there", async () => {
    const path = [empty, runc, crun].join(":");
    deepEqual(await firstWorking(["crun", "runc"], path), { name: "crun", path: join(crun, "crun"), version: "1.8.1" });
    deepEqual(await firstWorking(["runc"], path), { name: "runc", path: join(runc, "runc"), version: "1.1.5+ds1" });
  });

  it("passes over what does not run, or is something else", async () => {
    const path = ["", broken, foreign, runc].join(":");
    deepEqual((await firstWorking(["crun", "runc"], path)).path, join(runc, "runc"));
  });

  it("says how to get one", async () => {
    await rejects(firstWorking(["runc"], [empty, crun].join(":")), {
      message: "no OCI runtime works here: runc not found",
      code: "CTR_OCI_RUNTIME_MISSING",
      hint: "apt install runc",
    });
  });
});
