/** The engine's log on stderr: lines for people, or JSON for programs. */
import { pino } from "pino";
import type { LogFields, Logger, LogLevel } from "../../lib/log.ts";
import type { LogFormat } from "./values.ts";

export interface DaemonLogger extends Logger {
  fatal(text: string, fields?: LogFields): void;
}

/** Writes at once: what was logged before a crash is there after it. */
export function openLog(level: LogLevel, format: LogFormat): DaemonLogger {
  const stderr = pino.destination({ fd: 2, sync: true });
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: levelName } };
  const log =
    format === "json" ? pino(options, stderr) : pino(options, { write: (line) => stderr.write(textLine(line)) });
  const writer =
    (name: LogLevel) =>
    (text: string, fields: LogFields = {}): void =>
      log[name](fields, text);
  return {
    debug: writer("debug"),
    info: writer("info"),
    warn: writer("warn"),
    error: writer("error"),
    fatal: writer("fatal"),
  };
}

const levelName = (level: string) => ({ level });

/** `2026-11-24T11:43:16.405Z warn  The text. key=value`. Exported for tests. */
export function textLine(json: string): string {
  const { time, level, msg, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const pairs = Object.entries(fields).map(([key, value]) => ` ${key}=${fieldText(value)}`);
  return `${time} ${String(level).padEnd(5)} ${msg}${pairs.join("")}\n`;
}

/** Values that would be unclear bare are quoted; newlines never leave the line. */
function fieldText(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}
