/** What the names of containers are made of: records of networks, and the sandboxes that are answered. */

/** One container on one network. It stays while the container is connected, running or not. */
export interface NameRecord {
  readonly networkId: string;
  /** For `name.network`, and for the name that an address is translated back to. */
  readonly networkName: string;
  readonly containerId: string;
  /** Container name first, then aliases, short id and hostname. Any may hold dots; case does not matter. */
  readonly names: readonly string[];
  readonly address?: string;
  readonly address6?: string;
  /** Names of stopped containers are answered with NXDOMAIN by us: they are not asked for upstream. */
  readonly running: boolean;
}

/** A sandbox that has a name server on 127.0.0.11. */
export interface NamesSandbox {
  readonly containerId: string;
  /** File that names its network namespace. */
  readonly namespacePath: string;
  /** Networks whose names it is told, in the order of its interfaces. */
  readonly networkIds: readonly string[];
  /** Of `--link`: network id → alias → name of the target on that network. */
  readonly links: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** IP addresses of the servers that other names are asked for, the preferred one first. */
  readonly servers: readonly string[];
  /** The servers come from the host's resolv.conf and are asked from the host's network; else from the container's. */
  readonly serversFromHost: boolean;
  /** What its resolv.conf says, for explanations: see resolv.conf(5). */
  readonly search: readonly string[];
  readonly options: readonly string[];
  /** It is on internal networks only: the host's servers are not asked for it. */
  readonly internalOnly: boolean;
}

/** Who gave an answer. */
export type NameSource =
  | {
      readonly kind: "names";
      readonly networkId: string;
      readonly networkName: string;
      readonly containerIds: readonly string[];
    }
  | { readonly kind: "server"; readonly server: string; readonly from: "host" | "container" }
  | { readonly kind: "cache"; readonly server: string; readonly from: "host" | "container" }
  /** Nobody could be asked; why, as a sentence. */
  | { readonly kind: "none"; readonly reason: string };

/** One question that the container's resolver would ask, and its answer. */
export interface NameStep {
  /** Without the last dot. */
  readonly question: string;
  /** `NOERROR`, `NXDOMAIN`, `SERVFAIL`, … */
  readonly status: string;
  /** As text: `172.18.0.2`, `web.front.`, `10 mail.example.com.`; types without a text of ours as `TYPE16 \# 4 00010203`. */
  readonly answers: readonly string[];
  readonly source: NameSource;
  readonly microseconds: number;
}

/** What a container would be answered for a name: the search domains are tried in the order of its resolv.conf. */
export interface NameExplanation {
  readonly name: string;
  readonly type: string;
  /** At least one; the last one is what the program in the container gets. */
  readonly steps: readonly NameStep[];
}
