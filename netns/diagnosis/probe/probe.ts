/**
 * Sends a real packet as a program in the flow's place would, watches it on its whole way, and leaves nothing behind: a
 * handful of packets of one connection, to nobody but whom the flow names.
 */
import { setTimeout as delay } from "node:timers/promises";
import { SOCK_DGRAM } from "../../../lib/system/socket.ts";
import type { SnapshotView } from "../snapshot-view.ts";
import { type Flow, type NotRead, type Observations, OUTSIDE, type Place } from "../types/index.ts";
import { Armed } from "./armed.ts";
import { type AskedQuestion, askAll } from "./asking.ts";
import type { Question } from "./attempt.ts";
import { Bystanders } from "./bystanders.ts";
import { devicePath } from "./device-path.ts";
import { KernelEvents } from "./kernel-events.ts";
import { inPlace, type NamespaceReferences } from "./namespaces.ts";
import { IpProtocol } from "./packet.ts";
import { addressesOfSender, placesOnTheWay } from "./places.ts";
import { ProbeSocket } from "./probe-socket.ts";
import { lengthOf, openQuestion } from "./question.ts";
import type { Selection } from "./selection.ts";
import { untakenConnections } from "./untaken.ts";

export interface ProbeOptions {
  /** Of the containers, and of the host where it is not the present one. */
  readonly namespaces: NamespaceReferences;
  /** Milliseconds until silence is silence; 1200 by default. */
  readonly timeout?: number;
  /** How often it is asked while there is no answer, within the same time; 3 by default. At most 10. */
  readonly attempts?: number;
  /** All attempts are made, whatever the answers are: for obstacles that stop only some packets. */
  readonly all?: boolean;
  /** Sent over a TCP connection once it is there. By default nothing is, unless the flow has a size. */
  readonly data?: Uint8Array;
  /** Where the flow is expected to come by, beside what follows from its ends. */
  readonly places?: readonly Place[];
}

const TIMEOUT = 1200;
const ATTEMPTS = 3;
const MOST_ATTEMPTS = 10;
/** Milliseconds in which what belongs to the answer is still told. */
const AFTERMATH = 2;

/** Never fails for what cannot be armed or read: that is told. Needs root. @throws {SystemCallError} without the right to make a socket */
export async function probe(view: SnapshotView, flow: Flow, options: ProbeOptions): Promise<Observations> {
  if (flow.from === OUTSIDE)
    return nothingSent(
      "nothing can be sent from outside of this host; ctr net trace --watch follows packets that come",
    );
  if (view.namespace(flow.from) === undefined)
    return nothingSent(`the network namespace of ${flow.fromText} was not read`);
  await using undo = new AsyncDisposableStack();
  const places = placesOnTheWay(view, flow, options.places);
  const questions = openQuestions(flow, options, undo);
  const source = sourceAddress(flow, options.namespaces);
  const bystanders = new Bystanders({ view, flow, places, namespaces: options.namespaces });
  const selection = selectionOf(view, flow, source, questions, options.data === undefined && flow.size === undefined);
  const events = undo.use(await KernelEvents.start(flow.family, lengthOf(flow)));
  const armed = undo.use(Armed.start({ view, places, selection, namespaces: options.namespaces }));
  const began = performance.now();
  const asked = await ask(questions, options, armed, events, began);
  const { devices, drops } = devicePath(events.all(), {
    ...{ view, sender: flow.from, length: lengthOf(flow), pid: events.pid, began },
    asked: asked.map(({ askedAt }) => askedAt),
  });
  const headers = questions.slice(0, asked.length).map(({ port }) => ({
    ...{ source: source ?? "", destination: flow.destination, destinationPort: flow.destinationPort },
    ...{ sourcePort: flow.protocol === "icmp" ? 0 : port, echo: port },
  }));
  const verdicts = armed.take().map(({ key: _, ...step }) => step);
  const notSeen = [...events.notSeen, ...armed.notSeen()];
  // The kernel takes some time to forget it all: other things are read meanwhile.
  const disarmed = Promise.all([armed[Symbol.asyncDispose](), events[Symbol.asyncDispose]()]);
  const known = bystanders.afterwards(headers);
  const attempts = asked.map(({ attempt }) => attempt);
  const isMade = flow.protocol === "tcp" && attempts.some(({ outcome }) => outcome === "connected");
  const untaken = isMade ? await untakenConnections({ ...known, flow, places, namespaces: options.namespaces }) : [];
  await disarmed;
  return {
    ...{ attempts, verdicts, devices, drops, ...known },
    ...(untaken.length === 0 ? {} : { untaken }),
    notSeen: [...notSeen, ...bystanders.notSeen],
  };
}

function openQuestions(flow: Flow, options: ProbeOptions, undo: AsyncDisposableStack): Question[] {
  const count = Math.min(options.attempts ?? ATTEMPTS, MOST_ATTEMPTS);
  // A chosen port can be taken once only.
  const number = flow.sourcePort === 0 ? count : 1;
  const data = options.data ?? (flow.size === undefined ? undefined : Buffer.alloc(flow.size));
  return inPlace(options.namespaces, flow.from, () =>
    Array.from({ length: number }, () => undo.use(openQuestion(flow, data))),
  );
}

/** The address that the kernel chooses for the way: it is asked without sending anything. */
function sourceAddress(flow: Flow, namespaces: NamespaceReferences): string | undefined {
  if (flow.source !== "") return flow.source;
  return inPlace(namespaces, flow.from, () => {
    using socket = new ProbeSocket(flow.family, SOCK_DGRAM, IpProtocol.udp);
    return socket.connect(flow.destination, flow.destinationPort || 9) === undefined
      ? socket.local().address
      : undefined;
  });
}

const selectionOf = (
  view: SnapshotView,
  flow: Flow,
  source: string | undefined,
  questions: readonly Question[],
  openingOnly: boolean,
): Selection => ({
  family: flow.family,
  protocol: flow.protocol,
  near: { addresses: addressesOfSender(view, flow, source), ports: questions.map(({ port }) => port) },
  far: { addresses: undefined, ports: undefined },
  openingOnly,
});

async function ask(
  questions: readonly Question[],
  options: ProbeOptions,
  armed: Armed,
  events: KernelEvents,
  began: number,
): Promise<AskedQuestion[]> {
  const collect = (): void => {
    armed.collect(performance.now() - began);
    events.collect();
  };
  const { timeout = TIMEOUT, all = false } = options;
  const asked = await askAll(questions, { timeout, all, meanwhile: collect });
  await delay(AFTERMATH);
  collect();
  return asked;
}

function nothingSent(why: string): Observations {
  const notSeen: NotRead[] = [{ what: "a packet of the flow", why }];
  return { attempts: [], verdicts: [], devices: [], drops: [], counters: [], neighbours: [], connections: [], notSeen };
}
