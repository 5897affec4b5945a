/** The kernel's own events while packets are under way: which devices they pass, where they are thrown away. */
import { messageOf } from "../../../lib/errors.ts";
import type { KernelEvent } from "../tracing/events.ts";
import { TraceInstance } from "../tracing/instance.ts";
import type { NotRead } from "../types/index.ts";
import { ETHERNET_HEADER } from "./device-path.ts";

/** EtherTypes */
const PROTOCOLS = { 4: [0x0800, 0x0806], 6: [0x86dd] } as const;
/** Bytes of IP packets that ask for and refuse TCP connections. */
const TCP_LENGTHS = { 4: [60, 40], 6: [80, 60] } as const;

export class KernelEvents implements AsyncDisposable {
  #instance: TraceInstance | undefined;
  /** Of this program, as the kernel counts. */
  readonly pid: number;
  readonly notSeen: readonly NotRead[];
  readonly #events: KernelEvent[] = [];

  private constructor(instance: TraceInstance | undefined, notSeen: readonly NotRead[]) {
    this.#instance = instance;
    this.pid = instance?.pid ?? 0;
    this.notSeen = notSeen;
  }

  /**
   * Never fails: where the kernel does not let us, nothing is seen.
   * @param length of the IP packet that will be sent; undefined for TCP
   */
  static async start(family: 4 | 6, length: number | undefined): Promise<KernelEvents> {
    let instance: TraceInstance | undefined;
    try {
      instance = TraceInstance.start();
      const packets = packetFilter(instance.pid, length === undefined ? TCP_LENGTHS[family] : [length]);
      instance.enable({ event: "net/net_dev_queue", filter: packets });
      instance.enable({ event: "net/netif_receive_skb", filter: packets });
      instance.enable({
        event: "skb/kfree_skb",
        filter: PROTOCOLS[family].map((protocol) => `protocol == ${protocol}`).join(" || "),
      });
      return new KernelEvents(instance, []);
    } catch (error) {
      await instance?.[Symbol.asyncDispose]();
      return new KernelEvents(undefined, [{ what: "devices and drops of packets", why: messageOf(error) }]);
    }
  }

  /** Takes what has happened since the last call. */
  collect(): void {
    if (this.#instance !== undefined) this.#events.push(...this.#instance.events());
  }

  all(): readonly KernelEvent[] {
    this.collect();
    return this.#events;
  }

  /** May be called again. */
  async [Symbol.asyncDispose](): Promise<void> {
    const instance = this.#instance;
    this.#instance = undefined;
    await instance?.[Symbol.asyncDispose]();
  }
}

/** What our program sets off, and what is as long as that: the rest of the way may be gone on another processor. */
function packetFilter(pid: number, lengths: readonly number[]): string {
  const all = lengths.flatMap((length) => [length, length + ETHERNET_HEADER]);
  return [`common_pid == ${pid}`, ...all.map((length) => `len == ${length}`)].join(" || ");
}
