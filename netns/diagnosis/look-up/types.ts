/** What happened when a name was looked up as a program would. */

export interface NameLookup {
  readonly name: string;
  /** In the order of time; empty when /etc/hosts has the name. */
  readonly questions: readonly NameQuestion[];
  /** Of both families, IPv4 first. Empty when the look-up failed. */
  readonly addresses: readonly string[];
  /** `hosts`: a line of /etc/hosts; undefined when nobody knows it. */
  readonly by: "hosts" | "dns" | undefined;
  /** Name servers of its resolv.conf. */
  readonly servers: readonly string[];
  readonly milliseconds: number;
}

export interface NameQuestion {
  /** The name with a search domain, where one was added. */
  readonly question: string;
  readonly type: "A" | "AAAA";
  readonly server: string;
  /**
   * `found`: there are addresses; `none`: the name has none of this type; `unknown`: there is no such name; `failed`: the
   * server answers with an error; `refused`: nobody listens there; `silence`: no answer; `error`: it could not be sent.
   */
  readonly outcome: "found" | "none" | "unknown" | "failed" | "refused" | "silence" | "error";
  /** `NXDOMAIN`, `ECONNREFUSED` … */
  readonly detail: string | undefined;
  readonly addresses: readonly string[];
  readonly milliseconds: number;
}
