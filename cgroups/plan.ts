/**
 * A change of limits is a plan: an ordered list of writes, made from what is asked and what is in force. Nothing is
 * written here: see apply.ts.
 */
import { confHierarchy } from "./conf.ts";
import { missingFile } from "./failures.ts";
import type { GroupFiles } from "./group-files.ts";
import type { CgroupHost } from "./host.ts";
import { type PlacedRule, rulesOf } from "./rules.ts";
import { listAbove, settle } from "./settle.ts";
import { rowOf } from "./table/index.ts";
import type { DeviceLimit, Limits } from "./types.ts";
import { orderV1 } from "./v1.ts";
import { orderV2, reclaimBefore } from "./v2.ts";
import { isSame, type Write } from "./write.ts";

export interface PlanOptions {
  /** What the user asked for before this change, where it is known: keeps a total of memory and swap as it was meant. */
  readonly asked?: Limits;
  /** The text of a file in a group that was just made, for «put the kernel's own value back». */
  readonly initialText?: (file: string) => string | undefined;
}

/**
 * Makes the plan. Reads the files that the change concerns, writes nothing.
 * @throws `conflict` when a total of memory and swap in force does not allow the new memory limit; `invalid` for a device
 * or file that is none; `unsupported` for a file that the kernel does not have
 */
export function planChange(host: CgroupHost, group: GroupFiles, change: Limits, options: PlanOptions = {}): Write[] {
  const settled = settle(host, group, change, options.asked);
  const byVersion: Record<1 | 2, Write[]> = { 1: [], 2: [] };
  const seen = new Set<string>();
  for (const placed of rulesOf(host, change)) {
    for (const write of writesOf(host, group, placed, settled)) {
      const key = placed.rule.devices === undefined ? write.path : `${write.path} ${write.value}`;
      if (seen.has(key)) continue;
      seen.add(key);
      byVersion[placed.hierarchy.version].push(write);
    }
  }
  return [
    ...orderV1(byVersion[1]),
    ...reclaimBefore(host.files, orderV2(byVersion[2])),
    ...confWrites(host, group, change, options),
  ];
}

/** What must be written for one limit: nothing where it is in force already. */
function writesOf(host: CgroupHost, group: GroupFiles, { row, rule, hierarchy }: PlacedRule, settled: Limits): Write[] {
  const path = `${group.directory(hierarchy)}/${rule.file}`;
  const content = group.text(hierarchy)(rule.file);
  if (content === undefined) throw missingFile(path, row);
  const { valueIn, devices, file } = rule;
  const target = { path, file, row };
  if (devices === undefined) {
    const previous = valueIn?.(content) ?? content;
    const value = rule.write(settled);
    if (isSame(row, value, previous)) return [];
    const instead = previous === "" ? listAbove(host, group, hierarchy, file) : undefined;
    return [
      {
        ...target,
        value,
        previous,
        ...(valueIn === undefined ? {} : { valueIn }),
        ...(instead === undefined ? {} : { previousInstead: instead }),
      },
    ];
  }
  const present = devices.values(content);
  const wanted = new Map((settled[row.field] as readonly DeviceLimit[]).map(({ device, value }) => [device, value]));
  return [...new Set([...present.keys(), ...wanted.keys()])].flatMap((device): Write[] => {
    const now = present.get(device) ?? "max";
    const then = wanted.get(device) ?? "max";
    if (now === then) return [];
    return [
      {
        ...target,
        value: devices.line(device, then),
        previous: devices.line(device, now),
        valueIn: (text) => devices.line(device, devices.values(text).get(device) ?? "max"),
      },
    ];
  });
}

/** The kernel may show such a file in another form than it takes, so what it keeps is not compared. */
function confWrites(host: CgroupHost, group: GroupFiles, change: Limits, { initialText }: PlanOptions): Write[] {
  const row = rowOf("conf");
  return Object.entries(change.conf ?? {}).flatMap(([file, text]): Write[] => {
    const hierarchy = confHierarchy(host, file);
    const path = `${group.directory(hierarchy)}/${file}`;
    const previous = group.text(hierarchy)(file);
    if (previous === undefined) throw missingFile(path, row);
    const value = text === "" ? initialText?.(file) : text;
    if (value === undefined || value === previous) return [];
    return [{ path, file, value, previous, row, isConfirmed: false }];
  });
}
