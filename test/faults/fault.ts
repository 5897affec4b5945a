/** A fault: how it is made and taken back, on which paths it shows, and which answer is right. */
import type { Path, PathKind } from "./paths.ts";
import type { Where, World } from "./world.ts";

export interface Fault {
  /** `101`: its code in the catalogue; `x-…`: one that the catalogue does not have. */
  readonly id: string;
  readonly title: string;
  /** Where it shows. One of them is chosen in each round. */
  readonly paths: readonly PathKind[];
  /** What becomes of the path; `broken` when absent. */
  readonly effect?: Effect;
  /** `down`: the engine would mend it at once, so it is killed before. */
  readonly engine?: "down";
  /** What mends it lays cables anew: another world is made afterwards, in the place of comparing this one. */
  readonly remakes?: true;
  /** A decoy for this path that is a fault of another one: the doctor may tell of it. */
  readonly elsewhere?: boolean;
  /** Draws names and numbers, and says what is to be done with them. */
  plan(world: World, path: Path): Injection;
}

export type Effect =
  /** No answer. */
  | "broken"
  /** A program without much patience gets no answer; one that waits does. */
  | "slow"
  /** Some of ten attempts fail. */
  | "partial"
  /** The path is closed by intent, and open now. */
  | "opened"
  /** Closed by intent, healthy: the answer is the intent. Nothing is injected. */
  | "closed"
  /** The path works, a fault waits all the same: only `doctor` is asked. */
  | "latent";

export interface Injection {
  /** Codes that are right. Empty for faults that the catalogue does not have. */
  readonly codes: readonly string[];
  /** What a right answer has to name, all of it. Alternatives are separated by `|`. */
  readonly names: readonly string[];
  inject(): Promise<void>;
  undo(): Promise<void>;
}

/** A shell script and where it runs. */
export type Step = readonly [Where, string];

export interface Row {
  readonly codes?: readonly string[];
  readonly names?: readonly string[];
  readonly inject: readonly Step[];
  readonly undo: readonly Step[];
}

/** What a fault made of shell scripts draws from. */
export interface Scene {
  readonly world: World;
  readonly path: Path;
  /** Names for a table, chains, sets. */
  readonly table: string;
  readonly chain: string;
  readonly other: string;
  /** Of a base chain, never that of ctr's own. */
  readonly priority: number;
  /** A free number: of routing tables, marks, zones. */
  readonly number: number;
  /** The bridge of client and server, and that of the second network. */
  readonly bridge: string;
  readonly back: string;
  readonly uplink: string;
  readonly client: Ends;
  readonly server: Ends;
  readonly third: Ends;
  /** The address that the path leads to, of the path's family. */
  readonly target: string;
  /** The port that the path leads to, before translation. */
  readonly port: number;
  readonly protocol: "tcp" | "udp";
  /** 6 for paths of IPv6. */
  readonly family: 4 | 6;
  /** `ip` with `-6` where the path is. */
  readonly ip: string;
  /** `ip` or `ip6`: the word of nft. */
  readonly nf: string;
}

interface Ends {
  /** Of the path's family. */
  readonly address: string;
  readonly mac: string;
  readonly cable: string;
  readonly name: string;
}

/** A fault made of shell scripts. */
export function scripted(
  id: string,
  title: string,
  paths: readonly PathKind[],
  row: (scene: Scene) => Row,
  more: Pick<Fault, "effect" | "engine" | "elsewhere" | "remakes"> = {},
): Fault {
  return {
    ...{ id, title, paths, ...more },
    plan(world, path) {
      const { codes = [], names = [], inject, undo } = row(sceneOf(world, path));
      return { codes, names, inject: () => runSteps(world, inject), undo: () => undoSteps(world, undo) };
    },
  };
}

async function runSteps(world: World, steps: readonly Step[]): Promise<void> {
  for (const [where, script] of steps) await world.shell(where, script);
}

/** What was mended already cannot be taken back: the state afterwards is what counts, and it is looked at. */
async function undoSteps(world: World, steps: readonly Step[]): Promise<void> {
  for (const [where, script] of steps) await world.run(where, ["sh", "-c", script]);
}

export function sceneOf(world: World, path: Path): Scene {
  const { random, uplink } = world.plan;
  const family = path.kind.endsWith("6") ? 6 : 4;
  const ends = (part: "client" | "server" | "third"): Ends => {
    const { address4, address6, mac, cable } = world.member(part);
    return { address: family === 6 ? address6 : address4, mac, cable, name: world.plan[part] };
  };
  const { address, port, protocol } = path.question;
  const isAddress = /^[\d.]+$|:/.test(address);
  const named = path.kind === "iccName" ? world.member("server").address4 : world.plan.outside4;
  return {
    ...{ world, path, uplink, port, protocol, family },
    table: random.word(),
    chain: random.word(),
    other: random.word(),
    priority: random.pick([-150, -20, 5, 17, 50, 90]),
    number: random.between(50, 250),
    bridge: world.bridge("front"),
    back: world.bridge("back"),
    client: ends("client"),
    server: ends("server"),
    third: ends("third"),
    target: isAddress ? address : named,
    ip: family === 6 ? "ip -6" : "ip",
    nf: family === 6 ? "ip6" : "ip",
  };
}

/** Where the path's packets go through the host, and where those of neither side do. */
export const THROUGH_UPLINK = ["egress", "egress6", "egressUdp", "published", "published6", "publishedUdp"] as const;
export const WITHIN_BRIDGE = ["icc", "iccUdp", "icc6"] as const;

/** A base chain of somebody else's with some rules, and its end. */
export function foreignTable(
  { table, chain }: Pick<Scene, "table" | "chain">,
  head: {
    readonly family?: string;
    readonly hook: string;
    readonly priority: number | string;
    readonly policy?: string;
  },
  rules: readonly string[],
  more = "",
): { readonly add: string; readonly remove: string } {
  const { family = "inet", hook, priority, policy = "accept" } = head;
  const type = hook.startsWith("nat ") ? "nat" : "filter";
  const lines = rules.map((rule) => `    ${rule}\n`).join("");
  const text = `table ${family} ${table} {\n${more}  chain ${chain} {\n    type ${type} hook ${hook.replace("nat ", "")} priority ${priority}; policy ${policy};\n${lines}  }\n}`;
  return { add: `nft -f - <<'END'\n${text}\nEND`, remove: `nft delete table ${family} ${table}` };
}
