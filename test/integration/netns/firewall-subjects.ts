import { execFileSync } from "node:child_process";
import { silentLogger } from "../../../lib/log.ts";
import { type Firewall, openFirewall } from "../../../netns/firewall/index.ts";

/** A backend, and how an administrator works beside it. */
export interface Subject {
  readonly name: string;
  readonly open: () => Firewall;
  /** Takes all rules of the host away. */
  readonly flush: () => void;
  /** Puts a rule into the administrator's chain that drops this port of any container. */
  readonly dropByUser: (port: number) => void;
  readonly forgetUserRules: () => void;
}

const run = (text: string): string => {
  const [program = "", ...args] = text.split(" ");
  return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
};

export const nftables: Subject = {
  name: "nftables",
  open: () => openFirewall({ logger: silentLogger }),
  flush: () => run("nft flush ruleset"),
  dropByUser: (port) => run(`nft add rule inet ctr user tcp dport ${port} drop`),
  forgetUserRules: () => run("nft flush chain inet ctr user"),
};

export const iptables = (mode: "nft" | "legacy"): Subject => ({
  name: `iptables (${mode})`,
  open: () => {
    process.env["CTR_IPTABLES_MODE"] = mode;
    try {
      return openFirewall({ logger: silentLogger, backend: "iptables" });
    } finally {
      delete process.env["CTR_IPTABLES_MODE"];
    }
  },
  flush: () => {
    for (const program of [`iptables-${mode}`, `ip6tables-${mode}`]) {
      for (const table of ["raw", "nat", "filter"])
        for (const what of ["-F", "-X"]) run(`${program} -t ${table} ${what}`);
    }
  },
  dropByUser: (port) => run(`iptables-${mode} -A CTR-USER -p tcp --dport ${port} -j DROP`),
  forgetUserRules: () => run(`iptables-${mode} -F CTR-USER`),
});
