/** Bytes and operations a second on a block device, by direct I/O, which both versions of cgroups count at once. */
import type { DeviceLimit } from "../../../../cgroups/index.ts";
import { formatBinarySize } from "../../../../lib/units/size.ts";
import type { LoadContainer } from "../load-container.ts";
import { blockIoOf } from "../machine.ts";
import { type Resources, without } from "../resources.ts";
import type { LoadSession } from "../session.ts";
import { judged, type Measurement, notMeasurable, type Trial } from "./trial.ts";

const TOLERANCE = 0.15;

/** A file's size is bounded whatever the limit is. */
const MOST_BYTES = 2 ** 30;

const SMALL = 4096;
const LARGE = 256 * 1024;

/** What is done how. */
export interface Direction {
  /** Without dashes. */
  readonly flag: string;
  readonly hostConfig: keyof Resources;
  readonly isRead: boolean;
  readonly isOperations: boolean;
}

const READ_BPS = {
  flag: "device-read-bps",
  hostConfig: "BlkioDeviceReadBps",
  isRead: true,
  isOperations: false,
} as const;
const WRITE_BPS = {
  flag: "device-write-bps",
  hostConfig: "BlkioDeviceWriteBps",
  isRead: false,
  isOperations: false,
} as const;
const READ_IOPS = {
  flag: "device-read-iops",
  hostConfig: "BlkioDeviceReadIOps",
  isRead: true,
  isOperations: true,
} as const;
const WRITE_IOPS = {
  flag: "device-write-iops",
  hostConfig: "BlkioDeviceWriteIOps",
  isRead: false,
  isOperations: true,
} as const;

export const DIRECTIONS: readonly Direction[] = [WRITE_BPS, READ_BPS, WRITE_IOPS, READ_IOPS];

export const tryDeviceReadBps = trial(READ_BPS);
export const tryDeviceWriteBps = trial(WRITE_BPS);
export const tryDeviceReadIops = trial(READ_IOPS);
export const tryDeviceWriteIops = trial(WRITE_IOPS);

function trial(direction: Direction): Trial {
  return async ({ session, resources, reading, seconds }) => {
    const [limit] = reading.enforced as readonly DeviceLimit[];
    if (limit === undefined || limit.value === "max") return notMeasurable("there is no limit");
    const { device, value } = limit;
    return await tryRate(session, onlyOf(resources, direction), direction, { device, value, seconds });
  };
}

/** @param begun called with the container before the load */
export async function tryRate(
  session: LoadSession,
  resources: Resources,
  direction: Direction,
  aim: Aim,
  begun: (container: LoadContainer) => void = () => {},
): Promise<Measurement> {
  await using container = await session.start(resources, { purpose: "io" });
  begun(container);
  if (direction.isRead) await prepareFile(container, sizeFor(aim, direction));
  const rate = await measureRate(session, container, direction, aim);
  if (rate === undefined) return notMeasurable(`the container's files are not on the device ${aim.device}`);
  const result = { measured: `${shown(rate, direction)}/s`, ...judged(rate / aim.value - 1, TOLERANCE) };
  if (result.verdict === "pass" || rate > aim.value) return result;
  return await whetherDiskIsSlow(session, direction, aim, result);
}

/** The other limits of block devices, and of CPU time, would act first. */
const onlyOf = (resources: Resources, { hostConfig }: Direction): Resources =>
  without(
    resources,
    "NanoCpus",
    "CpuQuota",
    ...DIRECTIONS.map((direction) => direction.hostConfig).filter((field) => field !== hostConfig),
  );

export interface Aim {
  /** `major:minor` */
  readonly device: string;
  /** Bytes or operations a second. */
  readonly value: number;
  readonly seconds: number;
}

const FILE = "/tmp/stress";

const blockSize = ({ isOperations }: Direction): number => (isOperations ? SMALL : LARGE);

function sizeFor({ value, seconds }: Aim, { isOperations }: Direction): number {
  const rate = isOperations ? value * SMALL : value;
  return Math.min(MOST_BYTES, Math.max(4 * LARGE, rate * (seconds + 5)));
}

async function prepareFile(container: LoadContainer, size: number): Promise<void> {
  const count = Math.ceil(size / 2 ** 20);
  await container.exec(["dd", "if=/dev/zero", `of=${FILE}`, "bs=1M", `count=${count}`, "conv=fsync"]);
}

/** @returns undefined when nothing arrives at the device */
async function measureRate(
  session: LoadSession,
  container: LoadContainer,
  direction: Direction,
  aim: Aim,
): Promise<number | undefined> {
  const block = blockSize(direction);
  const size = [`bs=${block}`, `count=${Math.ceil(sizeFor(aim, direction) / block)}`];
  const argv = direction.isRead
    ? ["dd", `if=${FILE}`, "of=/dev/null", "iflag=direct", ...size]
    : ["dd", "if=/dev/zero", `of=${FILE}`, "oflag=direct", ...size];
  const first = await counted(session, container, direction, aim);
  const ended = container.exec(argv);
  ended.catch(() => {});
  const begun = await session.until(10_000, async () => {
    const now = await counted(session, container, direction, aim);
    return now.done > first.done ? now : undefined;
  });
  if (begun === undefined) return undefined;
  await Promise.race([session.pause(aim.seconds * 1000), ended]);
  const last = await counted(session, container, direction, aim);
  return ((last.done - begun.done) * 1000) / (last.time - begun.time);
}

interface Count {
  /** Milliseconds, halfway between question and answer. */
  readonly time: number;
  readonly done: number;
}

/** Docker's statistics tell devices apart; operations they count on cgroup v1 alone, but here each is of one size. */
async function counted(
  { client }: LoadSession,
  container: LoadContainer,
  { isRead, isOperations }: Direction,
  { device }: Aim,
): Promise<Count> {
  const before = performance.now();
  const { blkio_stats: stats } = await blockIoOf(client, container.id);
  const operation = isRead ? "read" : "write";
  const entry = stats.io_service_bytes_recursive?.find(
    ({ major, minor, op }) => `${major}:${minor}` === device && op.toLowerCase() === operation,
  );
  const bytes = entry?.value ?? 0;
  return { time: (before + performance.now()) / 2, done: isOperations ? bytes / SMALL : bytes };
}

/** Less than allowed may be all that the disk gives. */
async function whetherDiskIsSlow(
  session: LoadSession,
  direction: Direction,
  aim: Aim,
  result: Measurement,
): Promise<Measurement> {
  await using free = await session.start({}, { purpose: "io" });
  if (direction.isRead) await prepareFile(free, sizeFor(aim, direction));
  const rate = await measureRate(session, free, direction, aim);
  if (rate === undefined || rate > aim.value * (1 + TOLERANCE)) return result;
  return { ...result, verdict: "not measurable", why: `the disk gives no more than ${shown(rate, direction)}/s` };
}

const shown = (value: number, { isOperations }: Direction): string =>
  isOperations ? `${Math.round(value)} operations` : formatBinarySize(value);
