/** Which question is asked for a flow, and how long its packet is. */
import type { Flow } from "../types/index.ts";
import type { Question } from "./attempt.ts";
import { IcmpQuestion, icmpLength } from "./icmp-question.ts";
import { TcpQuestion } from "./tcp-question.ts";
import { UdpQuestion, udpLength } from "./udp-question.ts";

/**
 * Opens its socket in the namespace that the thread is in.
 * @param data for TCP: what is sent once it is connected
 * @throws {SystemCallError}
 */
export function openQuestion(flow: Flow, data: Uint8Array | undefined): Question {
  if (flow.protocol === "tcp") return new TcpQuestion(flow, data);
  return flow.protocol === "udp" ? new UdpQuestion(flow) : new IcmpQuestion(flow);
}

/** Bytes of the first IP packet; undefined where the kernel chooses. */
export function lengthOf(flow: Flow): number | undefined {
  if (flow.protocol === "tcp") return undefined;
  return flow.protocol === "udp" ? udpLength(flow) : icmpLength(flow);
}
