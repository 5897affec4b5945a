import { deepEqual, equal } from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { type LogEntry, type LogOptions, readLogs } from "../../../runtime/monitor/index.ts";
import { microseconds, parseRecord, utcTime } from "../../../runtime/monitor/logs/record.ts";

const T = "2026-11-24T11:14:04.123456789+00:00";
const UTC = "2026-11-24T11:14:04.123456789Z";

describe("a record of the log", () => {
  const parse = (text: string) => parseRecord(Buffer.from(text), 0, Buffer.byteLength(text));

  it("has its newline when it ends a line, and not when it is a piece", () => {
    equal(parse(`${T} stdout F hello\n`)?.data.toString(), "hello\n");
    equal(parse(`${T} stderr P hello\n`)?.data.toString(), "hello");
  });

  it("may be empty", () => {
    equal(parse(`${T} stdout F \n`)?.data.toString(), "\n");
  });

  it("is nothing when the line is damaged", () => {
    for (const text of ["\n", "hello\n", `${T}\n`, `${T} stdout\n`, `${T} stdout F\n`, `${T} stdlog F x\n`]) {
      equal(parse(text), undefined, JSON.stringify(text));
    }
  });

  it("has a time that is shown in UTC and compared in microseconds", () => {
    equal(utcTime(T), UTC);
    equal(utcTime("2026-11-24T12:14:04.5+01:00"), "2026-11-24T11:14:04.5Z");
    equal(microseconds(T), Date.parse("2026-11-24T11:14:04Z") * 1000 + 123456);
    equal(microseconds("2026-11-24T12:14:04.1+01:00"), Date.parse("2026-11-24T11:14:04Z") * 1000 + 100000);
  });
});

describe("reading a log", () => {
  let directory: string;
  let path: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "ctr-log-"));
    path = join(directory, "container.log");
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  const entries = async (options: LogOptions = {}): Promise<LogEntry[]> => Array.fromAsync(readLogs(path, options));
  const texts = async (options: LogOptions = {}): Promise<string[]> =>
    (await entries(options)).map(({ data }) => data.toString());

  it("gives nothing for a log that is not there", async () => {
    deepEqual(await entries(), []);
  });

  it("joins the pieces of a line by bytes, also when the other stream stands between", async () => {
    const euro = Buffer.from("€");
    writeFileSync(
      path,
      Buffer.concat([
        Buffer.from(`${T} stdout P a`),
        euro.subarray(0, 1),
        Buffer.from(`\n${T} stderr F between\n${T} stdout F `),
        euro.subarray(1),
        Buffer.from("b\n"),
      ]),
    );
    deepEqual(
      (await entries()).map(({ stream, data }) => `${stream} ${data}`),
      ["stderr between\n", "stdout a€b\n"],
    );
  });

  it("gives the unfinished last line", async () => {
    writeFileSync(path, `${T} stdout F one\n${T} stdout P Password: \n`);
    deepEqual(await texts(), ["one\n", "Password: "]);
  });

  it("chooses streams", async () => {
    writeFileSync(path, `${T} stdout F out\n${T} stderr F err\n`);
    deepEqual(await texts({ stderr: false }), ["out\n"]);
    deepEqual(await texts({ stdout: false }), ["err\n"]);
  });

  it("puts the time before lines, not before what goes on with one", async () => {
    const half = "x".repeat(40_000);
    writeFileSync(path, `${T} stdout P ${half}\n${T} stdout P ${half}\n${T} stdout F end\n${T} stdout F next\n`);
    deepEqual(await texts({ timestamps: true }), [`${UTC} ${half}${half}`, "end\n", `${UTC} next\n`]);
  });

  it("chooses by time, both ends included", async () => {
    const at = (second: number) => `2026-11-24T11:14:0${second}.000000000+00:00 stdout F ${second}\n`;
    writeFileSync(path, [1, 2, 3, 4].map(at).join(""));
    const micros = (second: number) => Date.parse(`2026-11-24T11:14:0${second}Z`) * 1000;
    deepEqual(await texts({ since: micros(2), until: micros(3) }), ["2\n", "3\n"]);
  });

  it("gives the last lines as it would have given them among all", async () => {
    const line = fc.record({
      stream: fc.constantFrom("stdout", "stderr"),
      pieces: fc.array(fc.stringMatching(/^[a-z ]{0,12}$/), { maxLength: 3 }),
      end: fc.stringMatching(/^[a-z ]{0,12}$/),
    });
    const log = fc.array(line, { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        log,
        fc.nat({ max: 14 }),
        fc.boolean(),
        fc.infiniteStream(fc.boolean()),
        async (lines, tail, open, mix) => {
          writeFileSync(path, interleave(lines, mix, open));
          const all = await texts();
          // All lines that have an end, in the order of their ends; then what has none.
          deepEqual(await texts({ tail }), tail === 0 ? [] : all.slice(-tail));
        },
      ),
    );
  });

  it("reads the last lines of a log that is larger than a block", async () => {
    const lines = Array.from({ length: 20_000 }, (_, index) => `${T} stdout F line ${index}\n`);
    writeFileSync(path, lines.join(""));
    deepEqual(await texts({ tail: 3 }), ["line 19997\n", "line 19998\n", "line 19999\n"]);
    equal((await texts({ tail: 15_000 })).length, 15_000);
  });

  it("follows: what is written later is given, to the very last line, and then it ends", async () => {
    writeFileSync(path, `${T} stdout F one\n`);
    const end = Promise.withResolvers<void>();
    const reader = readLogs(path, { follow: end.promise })[Symbol.asyncIterator]();
    const next = async () => (await reader.next()).value?.data.toString();
    equal(await next(), "one\n");
    const second = next();
    appendFileSync(path, `${T} stdout P tw\n`);
    equal(await second, "tw");
    const third = next();
    appendFileSync(path, `${T} stdout F o\n`);
    equal(await third, "o\n");
    const last = next();
    appendFileSync(path, `${T} stdout F last\n`);
    end.resolve();
    equal(await last, "last\n");
    equal(await next(), undefined);
  });

  it("follows until it is aborted", async () => {
    writeFileSync(path, "");
    const aborter = new AbortController();
    const reading = entries({ follow: new Promise(() => {}), signal: aborter.signal });
    aborter.abort();
    deepEqual(await reading, []);
  });
});

/** Lines whose pieces may have the other stream's records between them, as conmon writes them. */
function interleave(
  lines: readonly { readonly stream: string; readonly pieces: readonly string[]; readonly end: string }[],
  mix: Iterator<boolean>,
  open: boolean,
): string {
  const queues = ["stdout", "stderr"].map((stream) =>
    lines
      .filter((line) => line.stream === stream)
      .flatMap(({ pieces, end }) => [
        ...pieces.map((piece) => `${T} ${stream} P ${piece}\n`),
        `${T} ${stream} F ${end}\n`,
      ]),
  );
  const written: string[] = [];
  while (queues.some((queue) => queue.length > 0)) {
    const chosen = mix.next().value === true ? queues[0] : queues[1];
    const record = (chosen?.length ? chosen : queues.find((queue) => queue.length > 0))?.shift();
    if (record !== undefined) written.push(record);
  }
  if (open) written.push(`${T} stdout P open\n`);
  return written.join("");
}
