import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createNamespace, enterNetworkNamespace } from "../../../netns/namespace.ts";
import { getSysctl, setOptionalSysctl, setSysctl } from "../../../netns/sysctl.ts";
import { PrivateNetwork } from "./private-network.ts";

const FORWARDING = "net/ipv4/ip_forward";
const module = join(import.meta.dirname, "../../../netns/sysctl.ts");

describe("sysctl", () => {
  it("sets parameters of the namespace that the thread is in, and of no other", () => {
    using network = PrivateNetwork.enter();
    setSysctl(FORWARDING, "0");
    createNamespace(network.namespace("one"), () => {});
    enterNetworkNamespace(network.namespace("one"), () => setSysctl(FORWARDING, "1"));
    assert.equal(getSysctl(FORWARDING), "0");
    enterNetworkNamespace(network.namespace("one"), () => assert.equal(getSysctl(FORWARDING), "1"));
    assert.equal(readFileSync(`/proc/sys/${FORWARDING}`, "utf8"), "0\n");
  });

  it("tells what it could not set", () => {
    using _network = PrivateNetwork.enter();
    assert.throws(() => setSysctl("net/ipv4/nosuch", "1"), {
      message: /^cannot set net\/ipv4\/nosuch to 1: ENOENT/,
      code: "CTR_SYSCTL_FAILED",
    });
    assert.throws(() => setSysctl(FORWARDING, "x"), { message: /EINVAL/ });
    assert.equal(getSysctl("net/ipv4/nosuch"), undefined);
    setOptionalSysctl("net/ipv4/nosuch", "1");
  });

  it("needs no right to write where the value is right already", () => {
    const script = `
      import { setSysctl } from ${JSON.stringify(module)};
      setSysctl("net/ipv4/ip_forward", "1");
      try { setSysctl("net/ipv4/ip_forward", "0"); } catch (error) { console.log(error.hint); }
    `;
    const prepare = "echo 1 > /proc/sys/net/ipv4/ip_forward && mount -o bind,ro /proc/sys /proc/sys";
    const output = execFileSync(
      "unshare",
      [
        "--net",
        "--mount",
        "sh",
        "-c",
        `${prepare} && exec "$0" --input-type=module --eval "$1"`,
        process.execPath,
        script,
      ],
      { encoding: "utf8" },
    );
    assert.equal(output, "/proc/sys is read-only here: set net/ipv4/ip_forward=0 on the host\n");
  });
});
