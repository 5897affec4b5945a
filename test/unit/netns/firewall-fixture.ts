/** Networks, ports and a backend that only writes down what it is asked. */
import { type Backend, BackendError } from "../../../netns/firewall/backend.ts";
import { type Entry, entryKey } from "../../../netns/firewall/entries.ts";
import type { Delta } from "../../../netns/firewall/ledger.ts";
import type { FirewallNetwork, FirewallPort } from "../../../netns/firewall/types.ts";

export const network: FirewallNetwork = {
  bridge: "ctr0",
  networkName: "front",
  subnet4: "172.17.0.0/16",
  subnet6: "fd00::/64",
  internal: false,
  icc: true,
};

export const port = (options: Partial<FirewallPort> = {}): FirewallPort => ({
  protocol: "tcp",
  hostIp: "",
  hostPort: 8080,
  address: "172.17.0.2",
  containerPort: 80,
  owner: "web",
  ...options,
});

export class FakeBackend implements Backend {
  readonly name = "nftables";
  /** Keys of what is in force. */
  readonly present = new Set<string>();
  readonly calls: string[] = [];
  /** Thrown by the next changes, one each. */
  readonly failures: BackendError[] = [];

  ensure(): void {
    this.calls.push("ensure");
  }

  replace(entries: readonly Entry[]): void {
    this.#begin("replace");
    this.present.clear();
    for (const entry of entries) this.present.add(entryKey(entry));
  }

  apply(delta: Delta): void {
    this.#begin("apply");
    this.#write(delta);
  }

  claim(delta: Delta): void {
    this.#begin("claim");
    this.#write(delta);
  }

  check(entries: () => readonly Entry[]): boolean {
    return entries().every((entry) => this.present.has(entryKey(entry))) && entries().length === this.present.size;
  }

  list() {
    return Promise.resolve([]);
  }

  foreignDrops(): string[] {
    return ["table ip other, chain FORWARD: policy drop"];
  }

  [Symbol.dispose](): void {
    this.calls.push("dispose");
  }

  #begin(name: string): void {
    this.calls.push(name);
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
  }

  #write({ add, remove }: Delta): void {
    for (const entry of remove) if (!this.present.delete(entryKey(entry))) throw new BackendError("not there", true);
    for (const entry of add) this.present.add(entryKey(entry));
  }
}
