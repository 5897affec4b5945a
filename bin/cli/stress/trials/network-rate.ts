/** Bits a second over the cable of a container, each way by itself, to or from another container on the same bridge. */
import type { NetworkRate } from "../../../../runtime/index.ts";
import type { UsageLine } from "../../client/usage.ts";
import type { LoadContainer } from "../load-container.ts";
import type { LoadSession } from "../session.ts";
import { judged, type Measurement, notMeasurable, type TrialParts } from "./trial.ts";

/** The limit counts headers of each packet. Interfaces count large ones once that are cut up later: 4 % less. */
const TOLERANCE = 0.1;
const PORT = "5000";
/** Milliseconds until the bucket's first tokens are used up, and TCP has found the rate. */
const SETTLING = 700;
/** Milliseconds until the first byte has to be there. */
const PATIENCE = 10_000;

type Way = keyof NetworkRate;

const WORDS: Readonly<Record<Way, string>> = { Egress: "out", Ingress: "in" };

interface RateParts extends Pick<TrialParts, "session"> {
  readonly seconds: number;
}

/** The worse one of the two ways is the verdict. */
export async function tryNetworkRate(parts: RateParts, rates: NetworkRate): Promise<Measurement> {
  const ways = (["Egress", "Ingress"] as const).filter((way) => (rates[way] ?? 0) > 0);
  const tried: Measurement[] = [];
  for (const way of ways) tried.push(await tryWay(parts, rates, way));
  const worst = tried.toSorted((one, other) => worthOf(one) - worthOf(other))[0];
  if (worst === undefined) return notMeasurable("there is no limit");
  const texts = tried.flatMap(({ measured }) => measured ?? []);
  return { ...worst, ...(texts.length === 0 ? {} : { measured: texts.join(", ") }) };
}

/** A failure before what could not be measured, and the larger deviation before the smaller. */
function worthOf({ verdict, deviation = 0 }: Measurement): number {
  if (verdict === "fail") return -2 - Math.abs(deviation);
  return verdict === "not measurable" ? -2 : -Math.abs(deviation);
}

async function tryWay(parts: RateParts, rates: NetworkRate, way: Way): Promise<Measurement> {
  const limit = rates[way] ?? 0;
  const rate = await measureRate(parts, rates, way);
  const result = { measured: `${megabits(rate)} ${WORDS[way]}`, ...judged(rate / limit - 1, TOLERANCE) };
  if (result.verdict === "pass" || rate > limit) return result;
  const unlimited = await measureRate(parts, {}, way);
  return unlimited > limit * (1 + TOLERANCE)
    ? result
    : { ...notMeasurable(`without a limit it is ${megabits(unlimited)}`), measured: result.measured };
}

const megabits = (rate: number): string => `${(rate / 1e6).toFixed(1)}mbit`;

/** @returns bits a second that the receiver's cable brought it */
async function measureRate({ session, seconds }: RateParts, rates: NetworkRate, way: Way): Promise<number> {
  await using limited = await session.start({ NetworkRate: rates }, { purpose: "rate", network: "bridge" });
  await using other = await session.start({}, { purpose: "rate-peer", network: "bridge" });
  const [from, to] = way === "Egress" ? [limited, other] : [other, limited];
  // An input that does not end: nc takes the end of its own for the end of the connection.
  await to.spawn(["sh", "-c", `sleep 600 | nc -l -p ${PORT} >/dev/null`]);
  // The listener needs a moment, and who sends tries until it is there.
  const address = await addressOf(session, to);
  await from.spawn(["sh", "-c", `until nc ${address} ${PORT} </dev/zero; do sleep 0.05; done`]);
  const start = await received(session, to);
  const flows = await session.until(PATIENCE, async () =>
    (await received(session, to)).bytes > start.bytes + MANY ? true : undefined,
  );
  if (flows === undefined) throw new Error("nothing arrives from one container at the other");
  await session.pause(SETTLING);
  const before = await received(session, to);
  await session.pause(seconds * 1000);
  const after = await received(session, to);
  return (8 * (after.bytes - before.bytes)) / ((after.time - before.time) / 1000);
}

/** Bytes that are no longer the first packets of a connection. */
const MANY = 5000;

async function addressOf({ client }: LoadSession, { id }: LoadContainer): Promise<string> {
  interface Inspected {
    readonly NetworkSettings: { readonly Networks: { readonly bridge?: { readonly IPAddress: string } } };
  }
  const { NetworkSettings } = await client.get<Inspected>(`/containers/${id}/json`);
  const { bridge } = NetworkSettings.Networks;
  if (bridge === undefined || bridge.IPAddress === "") throw new Error("the network bridge gave it no IPv4 address");
  return bridge.IPAddress;
}

/** Time in milliseconds, by the engine, which reads the counter at that moment. */
async function received(session: LoadSession, { id }: LoadContainer): Promise<{ time: number; bytes: number }> {
  const { Time, Containers } = await session.client.get<UsageLine>("/ctr/stats", {
    id,
    parts: "networks",
  });
  const all = Object.values(Containers[0]?.Networks ?? {});
  return { time: Time, bytes: all.reduce((sum, { rx_bytes }) => sum + rx_bytes, 0) };
}
