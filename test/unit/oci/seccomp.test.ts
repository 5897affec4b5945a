import { deepEqual, equal, notEqual, throws } from "node:assert/strict";
import { SeccompProfile, type SeccompTarget } from "../../../runtime/oci/seccomp.ts";

const TARGET: SeccompTarget = { capabilities: ["CAP_CHOWN"], architecture: "x64", kernel: "5.10.0-28-amd64" };
const ALLOW = "SCMP_ACT_ALLOW";

/** Names of the system calls whose rules are kept. */
function kept(rule: object, target: Partial<SeccompTarget> = {}): boolean {
  const profile = { defaultAction: "SCMP_ACT_ERRNO", syscalls: [{ names: ["bpf"], action: ALLOW, ...rule }] };
  return SeccompProfile.parse(JSON.stringify(profile)).filterFor({ ...TARGET, ...target }).syscalls.length === 1;
}

describe("a seccomp profile", () => {
  it("gives the rules in the form of the OCI specification", () => {
    const args = [{ index: 0, value: 8, valueTwo: 0, op: "SCMP_CMP_EQ" }];
    const profile = SeccompProfile.parse(
      JSON.stringify({
        defaultAction: "SCMP_ACT_ERRNO",
        defaultErrnoRet: 38,
        defaultErrno: "ENOSYS",
        archMap: [
          { architecture: "SCMP_ARCH_AARCH64", subArchitectures: ["SCMP_ARCH_ARM"] },
          { architecture: "SCMP_ARCH_X86_64", subArchitectures: ["SCMP_ARCH_X86", "SCMP_ARCH_X32"] },
        ],
        syscalls: [
          { names: ["read"], action: ALLOW, args: [], comment: "", includes: {}, excludes: {} },
          { name: "personality", action: ALLOW, args },
          { names: ["mount"], action: "SCMP_ACT_ERRNO", errnoRet: 1, errno: "EPERM", args: null },
        ],
      }),
    );
    deepEqual(profile.filterFor(TARGET), {
      defaultAction: "SCMP_ACT_ERRNO",
      defaultErrnoRet: 38,
      architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
      syscalls: [
        { names: ["read"], action: ALLOW },
        { names: ["personality"], action: ALLOW, args },
        { names: ["mount"], action: "SCMP_ACT_ERRNO", errnoRet: 1 },
      ],
    });
  });

  it("keeps rules by the capabilities of the container", () => {
    equal(kept({ includes: { caps: ["CAP_CHOWN"] } }), true);
    equal(kept({ includes: { caps: ["CAP_CHOWN", "CAP_BPF"] } }), false);
    equal(kept({ excludes: { caps: ["CAP_BPF", "CAP_CHOWN"] } }), false);
    equal(kept({ excludes: { caps: ["CAP_BPF"] } }), true);
  });

  it("keeps rules by the architecture", () => {
    equal(kept({ includes: { arches: ["amd64", "x32"] } }), true);
    equal(kept({ includes: { arches: ["arm64"] } }), false);
    equal(kept({ includes: { arches: ["arm64"] } }, { architecture: "arm64" }), true);
    equal(kept({ excludes: { arches: ["amd64"] } }), false);
  });

  it("keeps rules by the kernel", () => {
    equal(kept({ includes: { minKernel: "5.10" } }), true);
    equal(kept({ includes: { minKernel: "5.11" } }), false);
    equal(kept({ includes: { minKernel: "4.8" } }), true);
    equal(kept({ excludes: { minKernel: "4.8" } }), false);
    equal(kept({ includes: { minKernel: "5.9" } }, { kernel: "6.0-rc1" }), true);
  });

  it("makes each filter once", () => {
    const profile = SeccompProfile.parse('{"defaultAction":"SCMP_ACT_ALLOW"}');
    equal(profile.filterFor(TARGET), profile.filterFor({ ...TARGET }));
    notEqual(profile.filterFor(TARGET), profile.filterFor({ ...TARGET, capabilities: [] }));
    notEqual(profile.filterFor(TARGET), profile.filterFor({ ...TARGET, architecture: "arm64" }));
  });

  for (const [text, reason] of [
    ["{", /^Decoding seccomp profile failed: /],
    ["[]", /it is no object/],
    ["{}", /it has no defaultAction/],
    ['{"defaultAction":"a","syscalls":{}}', /its syscalls are no list/],
    ['{"defaultAction":"a","syscalls":[{"names":["x"]}]}', /the rule for x has no action/],
    ['{"defaultAction":"a","syscalls":[{"name":"x","names":["y"],"action":"a"}]}', /both 'name' and 'names'/],
    ['{"defaultAction":"a","architectures":["x"],"archMap":[{"architecture":"y"}]}', /both 'architectures'/],
    ['{"defaultAction":"a","syscalls":[{"name":"x","action":"a","args":[{"value":9007199254740993}]}]}', /2\^53/],
  ] as const) {
    it(`is refused when it is ${text}`, () => {
      throws(() => SeccompProfile.parse(text), { message: reason, status: 400 });
    });
  }
});
