import { deepEqual, equal, throws } from "node:assert/strict";
import { capabilitiesOfMask, DEFAULT_CAPABILITIES, grantCapabilities } from "../../../runtime/oci/capabilities.ts";

const ALL = capabilitiesOfMask("1ffffffffff");
const grant = (hostConfig: object, available: readonly string[] = ALL) =>
  grantCapabilities(hostConfig, available).capabilities;

describe("capabilities", () => {
  it("are read from the kernel's mask", () => {
    equal(ALL.length, 41);
    deepEqual(capabilitiesOfMask("0000000000000081"), ["CAP_CHOWN", "CAP_SETUID"]);
    // What the kernel shows for Docker's default set.
    deepEqual(capabilitiesOfMask("a80425fb").toSorted(), DEFAULT_CAPABILITIES.toSorted());
  });

  it("are Docker's default set, less and more", () => {
    deepEqual(grant({}), DEFAULT_CAPABILITIES);
    deepEqual(
      grant({ CapDrop: ["mknod", "CAP_NET_RAW"] }),
      DEFAULT_CAPABILITIES.filter((name) => name !== "CAP_MKNOD" && name !== "CAP_NET_RAW"),
    );
    deepEqual(grant({ CapAdd: ["net_admin", "chown"] }), [...DEFAULT_CAPABILITIES, "CAP_NET_ADMIN"]);
  });

  it("take ALL for every one, also to be dropped", () => {
    deepEqual(grant({ CapDrop: ["all"], CapAdd: ["NET_ADMIN"] }), ["CAP_NET_ADMIN"]);
    deepEqual(grant({ CapDrop: ["ALL"] }), []);
    deepEqual(
      grant({ CapAdd: ["ALL"], CapDrop: ["SYS_ADMIN"] }),
      ALL.filter((name) => name !== "CAP_SYS_ADMIN"),
    );
    deepEqual(grant({ Privileged: true, CapDrop: ["ALL"] }), ALL);
  });

  it("end at what the engine has, and say what is missing", () => {
    const available = ALL.filter((name) => name !== "CAP_SYS_RESOURCE" && name !== "CAP_MKNOD");
    for (const hostConfig of [{ Privileged: true }, { CapAdd: ["ALL"] }]) {
      const { capabilities, missing } = grantCapabilities(hostConfig, available);
      deepEqual(capabilities, available);
      deepEqual(missing, ["CAP_SYS_RESOURCE", "CAP_MKNOD"]);
    }
    deepEqual(grantCapabilities({}, available).missing, ["CAP_MKNOD"]);
  });

  it("are refused in Docker's words", () => {
    const message = (hostConfig: object, available?: readonly string[]) => {
      try {
        grant(hostConfig, available);
        return "";
      } catch (error) {
        return error instanceof Error ? error.message : "";
      }
    };
    equal(message({ CapAdd: ["foo"] }), 'invalid CapAdd: unknown capability: "CAP_FOO"');
    equal(message({ CapDrop: ["CAP_foo"] }), 'invalid CapDrop: unknown capability: "CAP_FOO"');
    equal(
      message({ CapAdd: ["SYS_RESOURCE"] }, []),
      'invalid CapAdd: capability not supported by your kernel or not available in the current environment: "CAP_SYS_RESOURCE"',
    );
    equal(message({ CapDrop: ["SYS_RESOURCE"] }, []), "");
  });

  it("are refused even when privileged would make them moot", () => {
    throws(() => grant({ Privileged: true, CapAdd: ["foo"] }), /unknown capability/);
  });
});
