import assert from "node:assert/strict";
import { CtrError } from "../../../lib/errors.ts";
import { silentLogger } from "../../../lib/log.ts";
import { NftFirewall } from "../../../netns/firewall/firewall.ts";
import { publishScript, syncScript, unpublishScript } from "../../../netns/firewall/script.ts";
import { NftError, type NftTransport } from "../../../netns/firewall/transport.ts";
import type { FirewallNetwork, FirewallPort } from "../../../netns/firewall/types.ts";

/** Records transactions; the next ones can be made to fail. */
class FakeTransport implements NftTransport {
  readonly name = "fake";
  readonly scripts: string[] = [];
  readonly failures: string[] = [];

  run(script: string): void {
    const failure = this.failures.shift();
    if (failure !== undefined) throw new NftError(`Error: ${failure}\n${script.split("\n")[0]}\n^^^^\n`);
    this.scripts.push(script);
  }

  get last(): string | undefined {
    return this.scripts.at(-1);
  }

  [Symbol.dispose](): void {}
}

const MISSING = "No such file or directory";
const network: FirewallNetwork = {
  bridge: "ctr0",
  subnet: "172.17.0.0/16",
  internal: false,
  masquerade: true,
  icc: true,
};
const portOf = (hostPort: number, address = "172.17.0.2"): FirewallPort => ({
  protocol: "tcp",
  hostIp: "",
  hostPort,
  address,
  containerPort: 80,
  owner: "web",
});

describe("firewall", () => {
  let transport: FakeTransport;
  let firewall: NftFirewall;
  beforeEach(() => {
    transport = new FakeTransport();
    firewall = new NftFirewall(transport, silentLogger);
  });

  it("does nothing for no ports", () => {
    firewall.publish([]);
    firewall.unpublish([]);
    assert.deepEqual(transport.scripts, []);
  });

  it("closes ports in one transaction", () => {
    firewall.sync({ networks: [network], ports: [portOf(1), portOf(2)] });
    firewall.unpublish([portOf(1), portOf(2), portOf(3)]);
    assert.equal(transport.last, unpublishScript([portOf(1), portOf(2)]));
  });

  it("does not close a port that leads to another container by now", () => {
    firewall.sync({ networks: [network], ports: [portOf(1)] });
    firewall.unpublish([portOf(1, "172.17.0.9")]);
    assert.equal(transport.scripts.length, 1);
  });

  it("writes the whole table again, with the change, when somebody took it away", () => {
    firewall.sync({ networks: [network], ports: [portOf(1)] });
    transport.failures.push(MISSING);
    firewall.publish([portOf(2)]);
    assert.equal(transport.last, syncScript({ networks: [network], ports: [portOf(1), portOf(2)] }));
    transport.failures.push(MISSING);
    firewall.unpublish([portOf(1)]);
    assert.equal(transport.last, syncScript({ networks: [network], ports: [portOf(2)] }));
    transport.failures.push(MISSING);
    firewall.removeNetwork(network);
    assert.equal(transport.last, syncScript({ networks: [], ports: [portOf(2)] }));
  });

  it("does not write the table anew before it knows all of it", () => {
    transport.failures.push(MISSING);
    assert.throws(() => firewall.publish([portOf(1)]), CtrError);
    assert.deepEqual(transport.scripts, []);
  });

  it("names the statement that was refused, and forgets a change that failed", () => {
    firewall.sync({ networks: [network], ports: [] });
    transport.failures.push("Could not process rule: File exists");
    assert.throws(
      () => firewall.publish([portOf(8080)]),
      (error) =>
        error instanceof CtrError &&
        error.code === "CTR_FIREWALL_FAILED" &&
        error.message === `nft: Could not process rule: File exists: ${publishScript([portOf(8080)]).trimEnd()}`,
    );
    firewall.unpublish([portOf(8080)]);
    assert.equal(transport.scripts.length, 1);
  });

  it("makes the table anew when one of another version is in the way", () => {
    transport.failures.push("Could not process rule: File exists");
    firewall.ensure();
    assert.match(transport.last ?? "", /^table inet ctr \{ \}\ndelete table inet ctr\n/);
  });

  it("replaces the elements of a network that changed", () => {
    firewall.addNetwork(network);
    firewall.addNetwork({ ...network, subnet: "10.0.0.0/24" });
    assert.match(transport.last ?? "", /delete element inet ctr subnets4 \{ 172.17.0.0\/16 \}/);
    assert.match(transport.last ?? "", /add element inet ctr subnets4 \{ 10.0.0.0\/24 /);
  });
});
