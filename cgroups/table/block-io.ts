/** Limits of block devices: weights against other groups, bytes and operations a second. */
import type { DeviceLimit, LimitField, Limits, Maximum } from "../types.ts";
import type { DeviceLines, FileRule, FileText, LimitRow, LimitUnit } from "./rule.ts";

/** The kernel's own weight of bfq and of io.cost. */
const DEFAULT_WEIGHT = 100;

/** Docker's weight 10 … 1000 on the scale 1 … 10000 of io.weight. The kernel's own value stays its own. */
const ioWeight = (weight: Maximum): number =>
  weight === "max" ? DEFAULT_WEIGHT : 1 + Math.floor(((weight - 10) * 9999) / 990);

const bfqWeight = (weight: Maximum): number => (weight === "max" ? DEFAULT_WEIGHT : weight);

/** `default 100` in the first line of io.weight; older v1 files hold the number alone. */
const defaultIn = (content: string): string => {
  const [first = ""] = content.split("\n");
  return first.startsWith("default ") ? first : `default ${first}`;
};

const weightIn = (text: FileText, file: string): Maximum => {
  const weight = Number(defaultIn(text(file) ?? String(DEFAULT_WEIGHT)).slice("default ".length));
  return weight === DEFAULT_WEIGHT ? "max" : weight;
};

/** A bfq file, v1 or v2: weights 1 … 1000 as Docker's. */
const bfqRule = (file: string): FileRule => ({
  file,
  write: ({ blkioWeight = "max" }) => `default ${bfqWeight(blkioWeight)}`,
  read: (text) => weightIn(text, file),
  valueIn: defaultIn,
});

const ioWeightRule: FileRule = {
  file: "io.weight",
  write: ({ blkioWeight = "max" }) => `default ${ioWeight(blkioWeight)}`,
  read: (text) => {
    const weight = weightIn(text, "io.weight");
    return weight === "max" ? weight : `io.weight ${weight}`;
  },
  valueIn: defaultIn,
};

const v1WeightRule: FileRule = {
  file: "blkio.weight",
  write: ({ blkioWeight = "max" }) => String(blkioWeight === "max" ? 500 : blkioWeight),
  read: (text) => Number(text("blkio.weight") ?? 500),
};

/** `8:0 300`, a line a device. @param none what takes the device's limit away */
const plainLines = (none: string): DeviceLines => ({
  line: (device, value) => `${device} ${value === "max" ? none : value}`,
  values: (content) =>
    new Map(linesOf(content).map(([device, value]) => [device, value === none ? "max" : Number(value)])),
});

/** `8:0 rbps=1048576 wbps=max …`: io.max of v2 holds all four limits of a device in one line. */
const ioMaxLines = (key: string): DeviceLines => ({
  line: (device, value) => `${device} ${key}=${value}`,
  values: (content) =>
    new Map(
      linesOf(content).flatMap(([device, ...pairs]): [string, Maximum][] => {
        const value = pairs.find((pair) => pair.startsWith(`${key}=`))?.slice(key.length + 1) ?? "max";
        return value === "max" ? [] : [[device, Number(value)]];
      }),
    ),
});

/** Lines that begin with a device number, as words. */
const linesOf = (content: string): [string, ...string[]][] =>
  content
    .split("\n")
    .filter((line) => /^\d+:\d/.test(line))
    .map((line) => line.split(" ") as [string, ...string[]]);

type DeviceField = "deviceReadBps" | "deviceWriteBps" | "deviceReadIops" | "deviceWriteIops" | "blkioWeightDevice";

function deviceRule(file: string, lines: DeviceLines, field: DeviceField): FileRule {
  return {
    file,
    devices: lines,
    write: (limits: Limits) => (limits[field] ?? []).map(({ device, value }) => lines.line(device, value)).join("\n"),
    read: (text): readonly DeviceLimit[] =>
      [...lines.values(text(file) ?? "")].map(([device, value]) => ({ device, value })),
  };
}

function throttleRow(options: {
  readonly field: DeviceField & LimitField;
  readonly direction: "read" | "write";
  readonly kind: "bps" | "iops";
  readonly hostConfig: string;
  readonly key: string;
  readonly unit: LimitUnit;
  readonly unsupported: string;
  readonly discarded: string;
}): LimitRow {
  const { field, direction, kind, key, ...rest } = options;
  const what = kind === "bps" ? "Bytes" : "Operations";
  return {
    ...rest,
    field,
    flag: `--device-${direction}-${kind}`,
    summary: `${what} a second that may be ${direction === "read" ? "read from" : "written to"} a device, as /dev/sda:${kind === "bps" ? "1mb" : "100"}.`,
    controller: "io",
    unset: [],
    v1: deviceRule(`blkio.throttle.${direction}_${kind}_device`, plainLines("0"), field),
    v2: deviceRule("io.max", ioMaxLines(key), field),
  };
}

const cannot = (what: string): string => `Your kernel does not support ${what} limit or the cgroup is not mounted`;

export const BLOCK_IO_ROWS: readonly LimitRow[] = [
  {
    field: "blkioWeight",
    flag: "--blkio-weight",
    hostConfig: "BlkioWeight",
    unit: "weight",
    summary:
      "Share of disk time against other groups, 10 to 1000; acts where the disk's scheduler is bfq (v2: or io.cost).",
    controller: "io",
    unset: "max",
    unsupported: "Your kernel does not support Block I/O weight or the cgroup is not mounted",
    discarded: "Weight discarded.",
    v1: {
      ...bfqRule("blkio.bfq.weight"),
      write: ({ blkioWeight = "max" }) => String(bfqWeight(blkioWeight)),
      valueIn: (content) => content,
      instead: v1WeightRule,
    },
    v2: { ...bfqRule("io.bfq.weight"), instead: ioWeightRule },
  },
  {
    field: "blkioWeightDevice",
    flag: "--blkio-weight-device",
    hostConfig: "BlkioWeightDevice",
    unit: "device weights",
    summary: "Share of one disk's time, as /dev/sda:300; the disk's scheduler must be bfq.",
    controller: "io",
    unset: [],
    unsupported: "Your kernel does not support Block I/O weight_device or the cgroup is not mounted",
    discarded: "Weight-device discarded.",
    v1: {
      ...deviceRule("blkio.bfq.weight_device", plainLines("default"), "blkioWeightDevice"),
      instead: deviceRule("blkio.weight_device", plainLines("0"), "blkioWeightDevice"),
    },
    v2: {
      ...deviceRule("io.bfq.weight", plainLines("default"), "blkioWeightDevice"),
      instead: deviceRule("io.weight", plainLines("default"), "blkioWeightDevice"),
    },
  },
  throttleRow({
    field: "deviceReadBps",
    direction: "read",
    kind: "bps",
    hostConfig: "BlkioDeviceReadBps",
    key: "rbps",
    unit: "device rates",
    unsupported: cannot("BPS Block I/O read"),
    discarded: "Block I/O BPS read limit discarded.",
  }),
  throttleRow({
    field: "deviceWriteBps",
    direction: "write",
    kind: "bps",
    hostConfig: "BlkioDeviceWriteBps",
    key: "wbps",
    unit: "device rates",
    unsupported: cannot("BPS Block I/O write"),
    discarded: "Block I/O BPS write limit discarded.",
  }),
  throttleRow({
    field: "deviceReadIops",
    direction: "read",
    kind: "iops",
    hostConfig: "BlkioDeviceReadIOps",
    key: "riops",
    unit: "device operations",
    unsupported: cannot("IOPS Block read"),
    discarded: "Block I/O IOPS read limit discarded.",
  }),
  throttleRow({
    field: "deviceWriteIops",
    direction: "write",
    kind: "iops",
    hostConfig: "BlkioDeviceWriteIOps",
    key: "wiops",
    unit: "device operations",
    unsupported: cannot("IOPS Block write"),
    discarded: "Block I/O IOPS write limit discarded.",
  }),
];
