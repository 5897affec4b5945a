/** What was looked at: the figures of a container in one line each, for those whom no verdict tells enough. */
import {
  type Facts,
  formatLimit,
  type LimitField,
  type LimitReading,
  type PressureResource,
} from "../../cgroups/index.ts";
import { formatBinarySize as size } from "../../lib/units/size.ts";

export interface Figure {
  readonly what: string;
  readonly text: string;
  /** Where it was read; absent where it is put together from several files. */
  readonly file?: string;
}

export function figuresOf(facts: Facts): Figure[] {
  return [
    memory(facts),
    cpu(facts),
    tasks(facts),
    disk(facts),
    waiting(facts),
    kills(facts),
    above(facts),
    asked(facts),
  ];
}

const readingOf = ({ limits }: Facts, field: LimitField): LimitReading | undefined =>
  limits.find(({ limit }) => limit === field);

const fileOf = (reading: LimitReading | undefined): Pick<Figure, "file"> =>
  reading === undefined ? {} : { file: reading.file };

const limitText = (reading: LimitReading | undefined): string => {
  const limit = reading?.enforced;
  if (reading === undefined || limit === undefined || limit === "max") return ", no limit";
  return ` of ${formatLimit(reading.limit, limit)}`;
};

function memory(facts: Facts): Figure {
  const { stats, exit } = facts;
  const reading = readingOf(facts, "memory");
  const peak = reading?.peak ?? stats.memoryPeak;
  const swap = stats.swapUsage === undefined || stats.swapUsage === 0 ? "" : `; ${size(stats.swapUsage)} in swap`;
  const most = peak === undefined ? "" : `${size(peak)} at most`;
  // Of one that has ended nothing is in use any more.
  if (exit !== undefined && peak !== undefined) {
    return { what: "memory", text: `${most}${limitText(reading)}`, ...fileOf(reading) };
  }
  const text = `${size(stats.memoryUsage)}${limitText(reading)}${most === "" ? "" : `; ${most}`}${swap}`;
  return { what: "memory", text, ...fileOf(reading) };
}

function cpu(facts: Facts): Figure {
  const { rates, stats, files } = facts;
  const limit = readingOf(facts, "cpus")?.enforced;
  const isLimited = typeof limit === "number";
  const used = rates === undefined ? `${(stats.cpuUsage / 1e9).toFixed(2)} s in all` : rates.cpus.toFixed(2);
  const unit = rates === undefined ? "" : " CPUs";
  const quota = isLimited ? `${rates === undefined ? ", limit" : " of"} ${limit} CPUs` : `${unit}, no limit`;
  const share =
    rates?.throttledShare === undefined ? "" : `; held back by it in ${percent(rates.throttledShare)} of the periods`;
  return { what: "CPU", text: `${used}${quota}${share}`, file: files.cpuStat };
}

function tasks(facts: Facts): Figure {
  const { stats, signals, exit } = facts;
  const reading = readingOf(facts, "pids");
  const present = exit === undefined ? stats.pids : reading?.peak;
  const count = present === undefined ? "not counted" : `${present}${exit === undefined ? "" : " at most"}`;
  const refused = signals.pidsMax === undefined ? "" : `; ${signals.pidsMax} refused`;
  return { what: "processes", text: `${count}${limitText(reading)}${refused}`, ...fileOf(reading) };
}

const THROTTLES: readonly LimitField[] = ["deviceReadBps", "deviceWriteBps", "deviceReadIops", "deviceWriteIops"];

function disk(facts: Facts): Figure {
  const io = facts.rates?.io;
  const { io: total } = facts.stats;
  const limited = THROTTLES.some((field) => {
    const value = readingOf(facts, field)?.enforced;
    return Array.isArray(value) && value.length > 0;
  });
  const text =
    io !== undefined
      ? `reads ${size(io.readBytes)}/s, writes ${size(io.writeBytes)}/s`
      : total === undefined
        ? "not counted"
        : `${size(total.readBytes)} read, ${size(total.writeBytes)} written`;
  return { what: "disk", text: `${text}${limited ? ", limited" : ", no limit"}` };
}

const RESOURCES: readonly (readonly [PressureResource, string])[] = [
  ["cpu", "CPU"],
  ["memory", "memory"],
  ["io", "the disk"],
];

function waiting({ rates, pressure, files }: Facts): Figure {
  const parts = RESOURCES.flatMap(([resource, name]) => {
    if (pressure[resource] === undefined) return [];
    return [`${name} ${percent(rates?.pressure[resource]?.some ?? 0)}`];
  });
  if (parts.length === 0) return { what: "waiting", text: "not measured on this host" };
  if (rates === undefined) return { what: "waiting", text: "too short to say" };
  return { what: "waiting", text: `for ${parts.join(", for ")} of the time`, file: `${files.pressure}/*.pressure` };
}

function kills({ signals, files }: Facts): Figure {
  const { oomKills } = signals;
  const text = oomKills === 0 ? "none for lack of memory" : `${oomKills} for lack of memory`;
  return { what: "kills", text, file: files.memoryEvents };
}

function above({ above: groups }: Facts): Figure {
  const texts = groups.map(({ path, memory: bytes, pids, cpu: time }) => {
    const limits = [
      bytes === undefined ? [] : [`memory ${size(bytes.usage)} of ${size(bytes.limit)}`],
      pids === undefined ? [] : [`processes ${pids.usage} of ${pids.limit}`],
      time === undefined ? [] : [`${time.cpus} CPUs`],
    ].flat();
    return `${path} (${limits.join(", ")})`;
  });
  return { what: "groups above", text: texts.length === 0 ? "none with a limit" : texts.join("; ") };
}

function asked({ limits, program }: Facts): Figure {
  const ulimits = Object.keys(program?.ulimits ?? {});
  const count = limits.filter((reading) => reading.asked !== undefined).length + ulimits.length;
  const texts = ["none", "one"];
  return { what: "limits asked", text: texts[count] ?? String(count) };
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;
