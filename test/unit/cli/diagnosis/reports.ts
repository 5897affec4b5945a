/** Answers of the diagnosis, as the commands get them. */
import type { NetworkMap } from "../../../../bin/cli/client/network-types.ts";
import type { Attempt, Finding, Flow, FlowReport, Hop, JoinedHop } from "../../../../netns/index.ts";

const WEB = "a".repeat(64);
const API = "b".repeat(64);

export const FLOW: Flow = {
  ...{ from: WEB, source: "10.10.1.2", destination: "10.10.1.3", family: 4, protocol: "tcp" },
  ...{ destinationPort: 8080, sourcePort: 0, size: undefined, to: API, fromText: "web", toText: "api:8080" },
};

export const FINDING: Finding = {
  code: "CTRN101",
  severity: "error",
  object: "sysctl net.ipv4.ip_forward",
  title: "The host does not pass packets on.",
  explanation: "Packets from containers to other places end at the host. Something has switched forwarding off.",
  evidence: [{ source: "/proc/sys/net/ipv4/ip_forward", value: "0", expected: "1" }],
  confidence: "confirmed",
  fix: {
    text: "Switch it on.",
    commands: [["sysctl", "-w", "net.ipv4.ip_forward=1"]],
    owned: true,
    action: { kind: "sysctl", place: "host", key: "net.ipv4.ip_forward", value: "1" },
  },
  position: { direction: "there", hop: 1 },
};

const packet = { source: "10.10.1.2", destination: "10.10.1.3", sourcePort: 40_000, destinationPort: 8080 };

const hop = (place: string, device: string, text: string): Hop => ({
  ...{ place, stage: "route", device, hook: undefined, text, verdict: "pass", evidence: [], packet, death: undefined },
});

const joined = (step: Hop, where: string, ends: boolean, evidence: string): JoinedHop => ({
  ...{ hop: step, where, text: step.text, model: ends ? "dies" : "ok", live: ends ? "died" : "seen" },
  evidence: [evidence],
});

const silence: Attempt = {
  ...{ outcome: "silence", errno: undefined, milliseconds: 1200, local: packet },
  ...{ dataTaken: undefined, reportedBy: undefined },
};

export const REPORT: FlowReport = {
  schema: "ctr.net.trace/1",
  result: "UNREACHABLE",
  flow: FLOW,
  predicted: "UNREACHABLE",
  observed: "UNREACHABLE",
  agreement: true,
  summary: "The host does not pass packets on.",
  there: [
    joined(
      hop(WEB, "eth0", "route 10.10.1.0/24 on eth0, straight to the neighbour"),
      "web",
      false,
      "ip route get 10.10.1.3",
    ),
    joined(hop("host", "ctr0", "forwarding is off"), "host", true, "sysctl net.ipv4.ip_forward = 0"),
  ],
  back: [],
  findings: [FINDING],
  attempts: [silence, silence, silence],
  drops: [],
  walk: { flow: FLOW, there: [], back: [], result: "dies", arrivesAt: undefined, deaths: [], unknowns: [] },
  observations: undefined,
  notChecked: [],
  milliseconds: 1300,
};

const endpoint = (ContainerId: string, ContainerName: string, IPv4Address: string) => ({
  ...{
    ContainerId,
    ContainerName,
    IPv4Address,
    IPv6Address: "",
    Interface: "eth0",
    HostInterface: `veth${ContainerName}`,
  },
  Aliases: [],
});

export const MAP: NetworkMap = {
  Networks: [
    {
      ...{ Id: "n1", Name: "front", Driver: "bridge", Subnets: ["10.10.1.0/24"], Bridge: "ctr0", Internal: false },
      Endpoints: [endpoint(WEB, "web", "10.10.1.2"), endpoint(API, "api", "10.10.1.3")],
    },
  ],
  Containers: [
    { Id: WEB, Name: "web", Running: true, NetworkMode: "front", Ports: [] },
    { Id: API, Name: "api", Running: true, NetworkMode: "front", Ports: [] },
  ],
  Grants: [],
};
