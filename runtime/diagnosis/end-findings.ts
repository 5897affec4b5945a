/** Findings about the ends themselves: there is nobody who could send or get a packet. */
import type { Finding, IntendedContainer } from "../../netns/index.ts";

const CERTAIN = { severity: "error", confidence: "confirmed", position: undefined } as const;

export function notRunning({ name, exposed, ports }: IntendedContainer): Finding {
  const used = [...exposed, ...ports.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`)];
  return {
    ...CERTAIN,
    code: "CTRN611",
    object: `container ${name}`,
    title: `Container ${name} is not running: nobody is there who could send or answer.`,
    explanation:
      "A container that is stopped keeps its addresses and its name, but it has no network until it is started.",
    evidence: [
      { source: "the engine's store", value: "stopped", expected: "running" },
      ...(used.length === 0 ? [] : [{ source: "its ports", value: [...new Set(used)].join(", ") }]),
    ],
    fix: { text: `Start it.`, commands: [["ctr", "start", name]], owned: true, action: undefined },
  };
}

export function hasNoNetwork({ name, networkMode }: IntendedContainer): Finding {
  return {
    ...CERTAIN,
    code: "CTRN194",
    severity: "note",
    object: `container ${name}`,
    title: `Container ${name} has no network: it was made so.`,
    explanation:
      "It has the loopback interface alone, as --network none asks for. Nothing outside of it can be reached.",
    evidence: [{ source: "network mode", value: networkMode }],
    fix: {
      text: "Put it on a network.",
      commands: [["ctr", "net", "connect", "NETWORK", name]],
      owned: true,
      action: undefined,
    },
  };
}
