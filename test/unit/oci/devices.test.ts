import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkDevices, grantDevices } from "../../../runtime/oci/devices.ts";
import type { DeviceMapping } from "../../../runtime/types.ts";

const NULL = { type: "c", major: 1, minor: 3 } as const;

/** What comes after the rules that every container has. */
function rulesOf(asked: Parameters<typeof grantDevices>[0]) {
  const plain = grantDevices({}).deviceRules;
  const { deviceRules } = grantDevices(asked);
  deepEqual(deviceRules.slice(0, plain.length), plain);
  return deviceRules.slice(plain.length);
}

describe("devices of a container", () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "ctr-devices-"));
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  it("are found by the numbers of the host's node, and allowed as asked", () => {
    const Devices = [{ PathOnHost: "/dev/null", PathInContainer: "/dev/nothing", CgroupPermissions: "r" }];
    const [device] = grantDevices({ Devices }).devices;
    deepEqual(device, { ...NULL, path: "/dev/nothing", fileMode: 0o666, uid: 0, gid: 0 });
    deepEqual(rulesOf({ Devices }), [{ allow: true, ...NULL, access: "r" }]);
  });

  it("have the host's name and all access where nothing else is said", () => {
    const Devices = [{ PathOnHost: "/dev/null" }];
    equal(grantDevices({ Devices }).devices[0]?.path, "/dev/null");
    deepEqual(rulesOf({ Devices }), [{ allow: true, ...NULL, access: "rwm" }]);
  });

  it("are followed through symbolic links", () => {
    const link = join(directory, "link");
    symlinkSync("/dev/null", link);
    const [device] = grantDevices({ Devices: [{ PathOnHost: link }] }).devices;
    deepEqual([device?.path, device?.major, device?.minor], [link, 1, 3]);
  });

  it("come with all below a directory", () => {
    const paths = grantDevices({ Devices: [{ PathOnHost: "/dev", PathInContainer: "/host/dev/" }] }).devices;
    ok(paths.some(({ path }) => path === "/host/dev/null"));
  });

  it("are refused with Docker's texts where there are none", () => {
    const text = join(directory, "text");
    writeFileSync(text, "");
    for (const [path, reason] of [
      ["/dev/no", "no such file or directory"],
      [join(text, "below"), "no such file or directory"],
      [text, "not a device node"],
      [directory, "not a device node"],
    ] as const) {
      throws(() => grantDevices({ Devices: [{ PathOnHost: path }] }), {
        message: `error gathering device information while adding custom device "${path}": ${reason}`,
        status: 400,
      });
    }
  });

  it("are allowed by numbers, too", () => {
    deepEqual(rulesOf({ DeviceCgroupRules: ["c 1:3 rwm", "b 8:* r", "a *:* m"] }), [
      { allow: true, ...NULL, access: "rwm" },
      { allow: true, type: "b", major: 8, access: "r" },
      { allow: true, type: "a", access: "m" },
    ]);
  });

  it("are judged at creation as far as that goes", () => {
    const check = (Devices: readonly DeviceMapping[]) => () => checkDevices({ Devices });
    throws(check([{ PathOnHost: "/dev/null", CgroupPermissions: "x" }]), /^CtrError: bad mode specified: x$/);
    throws(check([{ PathOnHost: "null" }]), /null is not an absolute path/);
    throws(() => checkDevices({ DeviceCgroupRules: ["x"] }), /invalid device cgroup rule format: 'x'/);
    check([{ PathOnHost: "/dev/later" }])();
  });

  it("of a privileged container are the host's, and those under other names", () => {
    const { devices, deviceRules } = grantDevices({
      Privileged: true,
      Devices: [{ PathOnHost: "/dev/null" }, { PathOnHost: "/dev/null", PathInContainer: "/dev/nothing" }],
    });
    const named = (path: string) => devices.filter((device) => device.path === path).length;
    deepEqual([named("/dev/null"), named("/dev/nothing"), named("/dev/console")], [1, 1, 0]);
    deepEqual(deviceRules.at(-1), { allow: true, access: "rwm" });
  });
});
