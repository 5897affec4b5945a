/** Reads one namespace after the other, on the thread that it was made on. */
import { messageOf } from "../../../lib/errors.ts";
import { contains, parseCidr, readAddress } from "../../ipam/ip.ts";
import { enterNetworkNamespace } from "../../namespace.ts";
import { HOST } from "../types/index.ts";
import { ConntrackReader } from "./conntrack.ts";
import { type ReadState, readNamespace } from "./namespace.ts";
import { SysctlReader } from "./sysctls.ts";

/** A namespace that is to be read. */
export interface Task {
  readonly key: string;
  /** Open descriptor of it. */
  readonly descriptor: number;
}

export interface Reading {
  /** Undefined when it could not be entered. */
  readonly state: ReadState | undefined;
  readonly missing: readonly { readonly what: string; readonly why: string }[];
}

export interface ReaderOptions {
  /** Open descriptor of the host's namespace. */
  readonly host: number | undefined;
  /** Of our networks: flows that are not translated are told of these alone. */
  readonly subnets: readonly string[];
  /** Calls what only one thread may do at a time. */
  readonly exclusively: <T>(body: () => T) => T;
}

export class NamespaceReader {
  readonly #options: ReaderOptions;
  readonly #sysctls = new SysctlReader();
  readonly #conntrack: ConntrackReader;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#conntrack = new ConntrackReader(isIn(options.subnets));
  }

  /** Never fails: what could not be read is told. */
  read({ key, descriptor }: Task): Reading {
    const missing: { what: string; why: string }[] = [];
    const { host, exclusively } = this.#options;
    const options = {
      ...{ key, host: key === HOST ? undefined : host, exclusively },
      ...{ sysctls: this.#sysctls, conntrack: this.#conntrack },
      missing: (what: string, why: string) => void missing.push({ what, why }),
    };
    try {
      return { state: enterNetworkNamespace(descriptor, () => readNamespace(options)), missing };
    } catch (error) {
      return { state: undefined, missing: [...missing, { what: "network namespace", why: messageOf(error) }] };
    }
  }
}

/** Whether an address is in one of the subnets. */
function isIn(texts: readonly string[]): (address: string) => boolean {
  const subnets = texts.map(parseCidr);
  const known = new Map<string, boolean>();
  return (text) =>
    known.getOrInsertComputed(text, () => {
      const address = readAddress(text);
      return address !== undefined && subnets.some((subnet) => contains(subnet, address));
    });
}
