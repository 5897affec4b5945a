/** Bytes and operations a second on a block device, by direct I/O, which both versions of cgroups count at once. */
import type { DeviceLimit, LimitField } from "../../../../cgroups/index.ts";
import { formatBinarySize } from "../../../../lib/units/size.ts";
import type { LoadContainer } from "../load-container.ts";
import { type Resources, without } from "../resources.ts";
import type { LoadSession } from "../session.ts";
import { judged, type Measurement, notMeasurable, type Trial } from "./trial.ts";

const TOLERANCE = 0.15;

/** A file's size is bounded whatever the limit is. */
const MOST_BYTES = 2 ** 30;

const SMALL = 4096;
const LARGE = 256 * 1024;

/** What is written or read. */
interface Direction {
  readonly field: LimitField;
  readonly isRead: boolean;
  readonly isOperations: boolean;
}

export const tryDeviceReadBps = trial({ field: "deviceReadBps", isRead: true, isOperations: false });
export const tryDeviceWriteBps = trial({ field: "deviceWriteBps", isRead: false, isOperations: false });
export const tryDeviceReadIops = trial({ field: "deviceReadIops", isRead: true, isOperations: true });
export const tryDeviceWriteIops = trial({ field: "deviceWriteIops", isRead: false, isOperations: true });

function trial(direction: Direction): Trial {
  return async ({ session, resources, reading, seconds }) => {
    const limits = reading.enforced as readonly DeviceLimit[];
    const [limit] = limits;
    if (limit === undefined || limit.value === "max") return notMeasurable("there is no limit");
    const { device, value } = limit;
    await using container = await session.start(onlyOf(resources, direction), { purpose: "io" });
    if (direction.isRead) await prepareFile(container, sizeFor(value, direction, seconds));
    const rate = await measureRate(session, container, { direction, value, seconds, device });
    if (rate === undefined) return notMeasurable(`the container's files are not on the device ${device}`);
    const result = { measured: `${shown(rate, direction)}/s`, ...judged(rate / value - 1, TOLERANCE) };
    if (result.verdict === "pass" || rate > value) return result;
    return await whetherDiskIsSlow(session, { direction, value, seconds, device }, result);
  };
}

interface Aim {
  readonly direction: Direction;
  readonly value: number;
  readonly seconds: number;
  readonly device: string;
}

/** The other limits of block devices, of memory and of CPU time would act first. */
function onlyOf(resources: Resources, { field }: Direction): Resources {
  const kept = FIELDS[field] ?? "BlkioDeviceWriteBps";
  const fields = ["BlkioDeviceReadBps", "BlkioDeviceWriteBps", "BlkioDeviceReadIOps", "BlkioDeviceWriteIOps"] as const;
  return without(resources, "NanoCpus", "CpuQuota", ...fields.filter((one) => one !== kept));
}

const FIELDS: Partial<Readonly<Record<LimitField, keyof Resources>>> = {
  deviceReadBps: "BlkioDeviceReadBps",
  deviceWriteBps: "BlkioDeviceWriteBps",
  deviceReadIops: "BlkioDeviceReadIOps",
  deviceWriteIops: "BlkioDeviceWriteIOps",
};

const FILE = "/tmp/stress";

const blockSize = ({ isOperations }: Direction): number => (isOperations ? SMALL : LARGE);

function sizeFor(value: number, direction: Direction, seconds: number): number {
  const rate = direction.isOperations ? value * SMALL : value;
  return Math.min(MOST_BYTES, Math.max(4 * LARGE, rate * (seconds + 5)));
}

async function prepareFile(container: LoadContainer, size: number): Promise<void> {
  await container.exec([
    "dd",
    "if=/dev/zero",
    `of=${FILE}`,
    "bs=1M",
    `count=${Math.ceil(size / 2 ** 20)}`,
    "conv=fsync",
  ]);
}

/** @returns undefined when nothing arrives at the device */
async function measureRate(
  session: LoadSession,
  container: LoadContainer,
  { direction, value, seconds, device }: Aim,
): Promise<number | undefined> {
  const block = blockSize(direction);
  const count = Math.ceil(sizeFor(value, direction, seconds) / block);
  const argv = direction.isRead
    ? ["dd", `if=${FILE}`, "of=/dev/null", `bs=${block}`, `count=${count}`, "iflag=direct"]
    : ["dd", "if=/dev/zero", `of=${FILE}`, `bs=${block}`, `count=${count}`, "oflag=direct"];
  const first = await counted(container, direction, device);
  const ended = container.exec(argv);
  ended.catch(() => {});
  const begun = await session.until(10_000, async () => {
    const now = await counted(container, direction, device);
    return now.done > first.done ? now : undefined;
  });
  if (begun === undefined) return undefined;
  await Promise.race([session.pause(seconds * 1000), ended]);
  const last = await counted(container, direction, device);
  return ((last.done - begun.done) * 1000) / (last.time - begun.time);
}

interface Count {
  readonly time: number;
  readonly done: number;
}

async function counted(container: LoadContainer, { isRead, isOperations }: Direction, _device: string): Promise<Count> {
  const { time, stats } = await container.sample();
  const { io } = stats;
  if (io === undefined) return { time, done: 0 };
  if (isOperations) return { time, done: isRead ? io.reads : io.writes };
  return { time, done: isRead ? io.readBytes : io.writeBytes };
}

/** Less than allowed may be all that the disk gives. */
async function whetherDiskIsSlow(session: LoadSession, aim: Aim, result: Measurement): Promise<Measurement> {
  await using free = await session.start({}, { purpose: "io" });
  if (aim.direction.isRead) await prepareFile(free, sizeFor(aim.value, aim.direction, aim.seconds));
  const rate = await measureRate(session, free, aim);
  if (rate === undefined || rate > aim.value * (1 + TOLERANCE)) return result;
  return { ...result, verdict: "not measurable", why: `the disk gives no more than ${shown(rate, aim.direction)}/s` };
}

const shown = (value: number, { isOperations }: Direction): string =>
  isOperations ? `${Math.round(value)} operations` : formatBinarySize(value);
