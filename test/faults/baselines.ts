/**
 * What others say of the same faults: a checklist as people do it by hand, and the engine's own records alone, as
 * `docker network inspect` shows them. Each answers with the codes that it would come to, the likeliest first.
 */
import type { Path } from "./paths.ts";
import type { ContainerPart, Where, World } from "./world.ts";

/** The usual order: name or address, route and gateway inside, forwarding, rules, listeners, translation, sizes. */
export async function checklist(world: World, path: Path): Promise<string[]> {
  const found: string[] = [];
  for (const check of [
    names,
    clientLinks,
    serverListens,
    forwarding,
    legacyRules,
    foreignRules,
    ownRules,
    hostRoutes,
  ]) {
    found.push(...(await check(world, path)));
  }
  return found;
}

const CONTAINER_SOURCES: readonly Where[] = ["client", "server", "far", "cell", "inner"];

const isContainer = (where: Where): where is ContainerPart => CONTAINER_SOURCES.includes(where);

/** `nslookup`, and a look at resolv.conf. */
async function names(world: World, { where, question: { address } }: Path): Promise<string[]> {
  if (!isContainer(where) || /^[\d.]+$|:/.test(address)) return [];
  const text = await world.inside(where, "cat /etc/resolv.conf");
  const answer = await world.inside(where, `timeout 3 nslookup ${address} 2>&1 || true`);
  if (/Name:[\s\S]*Address/.test(answer)) return [];
  return /127\.0\.0\.53|127\.0\.1\.1/.test(text) ? ["CTRN501"] : /NXDOMAIN/.test(answer) ? ["CTRN507"] : ["CTRN505"];
}

/** `ip addr`, `ip route`, `ping` of the gateway. */
async function clientLinks(world: World, { where, question: { address } }: Path): Promise<string[]> {
  if (!isContainer(where)) return [];
  const ip = address.includes(":") ? "ip -6" : "ip";
  const link = await world.shell(where, "ip -o link show eth0");
  if (!/[<,]UP[,>]/.test(link)) return ["CTRN303"];
  const addresses = await world.shell(where, `${ip} -o addr show dev eth0 scope global`);
  if (addresses === "") return ["CTRN316"];
  const route = await world.shell(where, `${ip} route show default`);
  const gateway = /via (\S+)/.exec(route)?.[1];
  if (gateway === undefined) return where === "inner" ? ["CTRN191"] : ["CTRN401"];
  const ping = await world.shell(where, `busybox ping -c 1 -W 1 ${gateway} >/dev/null 2>&1 && echo yes || echo no`);
  return ping === "yes" ? [] : ["CTRN311", "CTRN301"];
}

/** `ss -ltn` in the server, and a connection from the host straight to it. */
async function serverListens(world: World, { kind, question }: Path): Promise<string[]> {
  if (/^egress|internal/i.test(kind)) return [];
  const { tcp, udp } = world.plan.ports;
  const port = question.protocol === "tcp" ? tcp : udp;
  const sockets = await world.shell("server", `ss -Hln${question.protocol === "tcp" ? "t" : "u"} 'sport = :${port}'`);
  if (sockets === "") return ["CTRN601"];
  if (/127\.0\.0\.1:|\[::1\]:/.test(sockets)) return ["CTRN602"];
  const address = world.member("server").address4;
  const direct = await world.ask("host", { protocol: question.protocol, address, port, patience: 700 });
  if (direct === "silence") return ["CTRN113"];
  return [];
}

async function forwarding(world: World): Promise<string[]> {
  return (await world.shell("host", "sysctl -n net.ipv4.ip_forward")) === "0" ? ["CTRN101"] : [];
}

/** `iptables -L`, both kinds. */
async function legacyRules(world: World): Promise<string[]> {
  const legacy = await world.shell("host", "iptables-legacy-save 2>/dev/null | grep 'DROP' || true");
  const modern = await world.shell("host", "iptables-nft-save 2>/dev/null | grep 'DROP\\|REJECT' || true");
  return [...(legacy === "" ? [] : ["CTRN105"]), ...(modern === "" ? [] : ["CTRN107"])];
}

/** `nft list ruleset | grep drop`, of tables that are not the engine's. */
async function foreignRules(world: World): Promise<string[]> {
  const text = await world.shell("host", "nft list ruleset");
  const others = text.split(/^(?=table )/m).filter((table) => !/^table inet ctr /.test(table));
  const all = others.join("");
  return [
    ...(/policy drop|\bdrop\b/.test(all) ? ["CTRN104"] : []),
    ...(/\breject\b/.test(all) ? ["CTRN108"] : []),
    ...(/notrack/.test(all) ? ["CTRN202"] : []),
  ];
}

/** Is there the engine's table, its masquerade, the published port? */
async function ownRules(world: World, { question, kind }: Path): Promise<string[]> {
  const text = await world.shell("host", "nft list table inet ctr 2>/dev/null || true");
  if (text === "") return ["CTRN115"];
  const isPublished = /published|localhost|hairpin/i.test(kind);
  return [
    ...(/masquerade/.test(text) ? [] : ["CTRN201"]),
    ...(isPublished && !text.includes(` ${question.port} `) ? ["CTRN204"] : []),
  ];
}

async function hostRoutes(world: World, { kind }: Path): Promise<string[]> {
  const ip = kind.endsWith("6") ? "ip -6" : "ip";
  const routes = await world.shell("host", `${ip} route`);
  if (/^blackhole/m.test(routes)) return ["CTRN403"];
  if (/^unreachable|^prohibit/m.test(routes)) return ["CTRN404"];
  return /^default/m.test(routes) ? [] : ["CTRN402"];
}

/** The engine's records alone: who is where, what is published. */
export async function records(world: World, { kind }: Path): Promise<string[]> {
  const byKind: Readonly<Record<string, string>> = {
    otherNetwork: "CTRN190",
    otherName: "CTRN190",
    internalEgress: "CTRN191",
    noIcc: "CTRN192",
    unpublished: "CTRN193",
    publishedElsewhere: "CTRN208",
  };
  const [inspected] = JSON.parse(await world.engine.ctrOutput("inspect", world.plan.server)) as [
    { State: { Running: boolean; Paused: boolean } },
  ];
  if (inspected.State.Paused) return ["CTRN606"];
  const code = byKind[kind];
  return code === undefined ? [] : [code];
}
