/** Findings about the ends themselves: there is nobody who could send or get a packet. */
import type { Finding, IntendedContainer, NameLookup, NameQuestion } from "../../netns/index.ts";

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

/** Why a look-up gave no address, from what the servers said; what their silence comes from is for the flow to them. */
export function nameNotFound(lookup: NameLookup, from: string): Finding {
  const { name, questions } = lookup;
  const evidence = questions.map(({ question, type, server, outcome, detail }) => ({
    source: `${server} asked for ${type} of ${question}`,
    value: detail ?? WORDS[outcome],
    expected: "an address",
  }));
  const outcomes = new Set(questions.map(({ outcome }) => outcome));
  const isSilent = !outcomes.has("unknown") && !outcomes.has("none") && !outcomes.has("failed");
  const common = { ...CERTAIN, object: `name ${name}`, evidence, fix: undefined };
  if (isSilent) {
    return {
      ...common,
      code: outcomes.has("refused") ? "CTRN503" : "CTRN505",
      object: `name server ${lookup.servers.join(", ")}`,
      title: outcomes.has("refused")
        ? `Nobody answers names at ${lookup.servers[0]}, which ${from} asks.`
        : `The name server that ${from} asks does not answer.`,
      explanation:
        "Addresses can be reached or not regardless of it, but a program that is given a name gets no further than this.",
    };
  }
  if (outcomes.has("failed")) {
    return {
      ...common,
      code: "CTRN505",
      object: `name server ${lookup.servers.join(", ")}`,
      title: `The name server could not find out about ${name}: it answers with an error.`,
      explanation: "Most often the servers that it asks itself do not answer, or cannot be reached from the host.",
    };
  }
  return {
    ...common,
    code: "CTRN507",
    title: `There is no name ${name} for ${from}: the name server says that it does not exist.`,
    explanation:
      "Containers know each other by name only on networks of your own that both are on, and only while they run; the default network has no names. A name from outside may be misspelt.",
    fix: {
      text: "See who is asked and what is answered; put both on one network, or give the other an alias there.",
      commands: [["ctr", "net", "dns", from, name]],
      owned: true,
      action: undefined,
    },
  };
}

const WORDS: Readonly<Record<NameQuestion["outcome"], string>> = {
  found: "found",
  none: "no address of this kind",
  unknown: "no such name",
  failed: "an error",
  refused: "refused: nobody listens",
  silence: "no answer",
  error: "could not be sent",
};
