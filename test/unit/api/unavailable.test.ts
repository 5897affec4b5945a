import assert from "node:assert/strict";
import { refuseUnavailable } from "../../../runtime/api/decode/unavailable.ts";

describe("refuseUnavailable", () => {
  it("takes what the docker CLI sends for a plain run", () =>
    refuseUnavailable({
      BlkioWeight: 0,
      BlkioWeightDevice: [],
      CgroupParent: "",
      Devices: [],
      DeviceRequests: null,
      GroupAdd: null,
      MemorySwappiness: -1,
      OomKillDisable: false,
      Runtime: "",
      UsernsMode: "",
      VolumesFrom: null,
    }));

  const refusals: readonly (readonly [Readonly<Record<string, unknown>>, RegExp])[] = [
    [{ DeviceRequests: [{ Count: -1 }] }, /--gpus \(HostConfig\.DeviceRequests\) is not available/],
    [
      { DeviceRequests: [{ Driver: "cdi", DeviceIDs: ["vendor.com/class=name"] }] },
      /^CDI devices are not available in this version: vendor\.com\/class=name$/,
    ],
    [{ UsernsMode: "private" }, /--userns /],
    [{ Runtime: "kata" }, /unknown or invalid runtime name: kata/],
  ];
  for (const [hostConfig, message] of refusals) {
    it(`refuses ${JSON.stringify(hostConfig)}`, () =>
      assert.throws(() => refuseUnavailable(hostConfig), { kind: "unsupported", message }));
  }

  it("takes the names of the usual runtimes, and the host's users", () =>
    refuseUnavailable({ Runtime: "runc", UsernsMode: "host" }));
});
