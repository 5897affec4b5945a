/** Names that lead elsewhere, or that programs do not even ask about. */
import type { Fault } from "../fault.ts";
import type { World } from "../world.ts";

interface FileChange {
  readonly file: string;
  /** Shell that writes the file; what it says is the file's content. */
  readonly text: (world: World, name: string) => string;
  readonly names: (world: World, name: string) => readonly string[];
  readonly effect?: Fault["effect"];
}

/** Nobody has the address, and no router says so. */
const deadServer = ({ plan }: World): string => plan.subnets.front4.replace("0/24", "251");

/** A file of the client's for as long as the fault lasts. */
function clientFile(
  id: string,
  title: string,
  paths: Fault["paths"],
  { file, text, names, effect }: FileChange,
): Fault {
  return {
    ...{ id: `x-${id}`, title, paths },
    ...(effect === undefined ? {} : { effect }),
    plan: (world, { question }) => {
      let before = "";
      return {
        codes: [],
        names: names(world, question.address),
        async inject() {
          before = await world.inside("client", `cat ${file} 2>/dev/null || true`);
          await world.inside("client", `cat > ${file} <<'END'\n${text(world, question.address)}\nEND`);
        },
        async undo() {
          await world.inside("client", before === "" ? `rm -f ${file}` : `cat > ${file} <<'END'\n${before}\nEND`);
        },
      };
    },
  };
}

export const nameStates: readonly Fault[] = [
  clientFile("dead-server-first", "the first name server does not answer", ["egressName", "iccName"], {
    file: "/etc/resolv.conf",
    text: (world) => `nameserver ${deadServer(world)}\nnameserver 127.0.0.11\noptions ndots:0`,
    names: (world) => [deadServer(world), "resolv.conf"],
    effect: "slow",
  }),
  clientFile("nsswitch", "names are looked for in files alone", ["egressName", "iccName"], {
    file: "/etc/nsswitch.conf",
    text: () => "hosts: files",
    names: ({ plan }) => ["nsswitch.conf", plan.client],
  }),
  clientFile("hosts-answers", "a line of /etc/hosts leads to somebody else", ["egressName", "iccName"], {
    file: "/etc/hosts",
    text: (world, name) => `127.0.0.1 localhost\n${world.member("third").address4} ${name}`,
    names: () => ["/etc/hosts"],
  }),
  {
    ...{ id: "x-search-trap", title: "a search domain has the name, too", paths: ["egressName"] },
    plan: (world, { question }) => {
      let before = "";
      return {
        codes: [],
        names: ["search|ndots", "203.0.113.252"],
        async inject() {
          before = await world.inside("client", "cat /etc/resolv.conf");
          const trap = `${question.address}.trap.example`;
          world.setZone({
            names: {
              [question.address]: [world.plan.outside4],
              [trap]: ["203.0.113.252"],
            },
          });
          await world.inside(
            "client",
            "printf 'nameserver 127.0.0.11\\nsearch trap.example\\noptions ndots:5\\n' > /etc/resolv.conf",
          );
        },
        async undo() {
          world.setZone();
          await world.inside("client", `cat > /etc/resolv.conf <<'END'\n${before}\nEND`);
        },
      };
    },
  },
  {
    ...{ id: "x-wrong-record", title: "the name server outside gives a wrong address", paths: ["egressName"] },
    plan: (world, { question }) => ({
      codes: [],
      names: ["203.0.113.252"],
      inject: async () => world.setZone({ names: { [question.address]: ["203.0.113.252"] } }),
      undo: async () => world.setZone(),
    }),
  },
  clientFile("line-ends", "resolv.conf has line ends of Windows", ["egressName", "iccName"], {
    file: "/etc/resolv.conf",
    text: () => "nameserver 127.0.0.11\r\noptions ndots:0\r",
    names: ({ plan }) => ["resolv.conf", plan.client],
  }),
  clientFile("nsswitch-stops", "the sources of names stop before name servers", ["egressName", "iccName"], {
    file: "/etc/nsswitch.conf",
    text: () => "hosts: files [!SUCCESS=return] dns",
    names: ({ plan }) => ["nsswitch.conf", plan.client],
  }),
  clientFile("hosts-old", "an old line of /etc/hosts stands before the right one", ["egressName"], {
    file: "/etc/hosts",
    text: ({ plan }, name) => `127.0.0.1 localhost\n203.0.113.253 ${name} # old\n${plan.outside4} ${name}`,
    names: () => ["/etc/hosts", "203.0.113.253"],
  }),
];
