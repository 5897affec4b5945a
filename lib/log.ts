/**
 * What layers log through. They take a {@link Logger} and do not know where it goes; `ctrd` passes pino, tests pass
 * {@link silentLogger}. Texts are whole sentences, objects go into `fields`.
 */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(text: string, fields?: LogFields): void;
  info(text: string, fields?: LogFields): void;
  warn(text: string, fields?: LogFields): void;
  error(text: string, fields?: LogFields): void;
}

export const LOG_LEVELS = ["debug", "info", "warn", "error", "fatal"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
