import { single } from "../../flags/options.ts";
import type { Client } from "../client/client.ts";
import { type UsageRequest, usageSteps } from "../client/usage.ts";
import { defineCommand } from "../command.ts";
import { type Figures, figuresOf } from "../format/figures.ts";
import { History } from "../graph/history.ts";
import { Screen } from "../graph/screen.ts";
import { drawAll, drawOne, plainLine } from "../graph/views.ts";

export const command = defineCommand({
  summary: "Watch CPU, memory, throttling and pressure of containers as curves",
  usage: "[OPTIONS] [CONTAINER...]",
  operands: [0, Number.POSITIVE_INFINITY],
  options: {
    interval: single({
      short: "n",
      value: "seconds",
      help: "Time between two looks (default 1)",
      parse: parseInterval,
    }),
  },
  examples: [
    "ctr limit watch web          # four curves; q quits",
    "ctr limit watch              # all containers, a line each",
    "ctr limit watch web | cat    # a plain line each second",
  ],
  async run({ values, operands }, { client }) {
    const interval = Math.round((values.interval ?? 1) * 1000);
    const request: UsageRequest = { containers: operands, interval, parts: ["waited", "throttling", "kills"] };
    await (process.stdout.isTTY ? watchOnScreen(client, request) : watchInLines(client, request));
  },
});

async function watchInLines(client: Client, request: UsageRequest): Promise<void> {
  for await (const step of usageSteps(client, request)) {
    if (step.before === undefined) continue;
    const lines = figuresOf(step).map((figures) => `${plainLine(step.now.Time, figures)}\n`);
    process.stdout.write(lines.join(""));
  }
}

async function watchOnScreen(client: Client, request: UsageRequest): Promise<void> {
  // An error, such as a wrong name, belongs on the screen that stays.
  const steps = usageSteps(client, request);
  const first = await steps.next();
  if (first.done) return;
  const history = new History();
  let latest: readonly Figures[] = figuresOf(first.value);
  using screen = new Screen(() => draw());
  const draw = (): void => {
    const [one] = latest;
    const isOne = request.containers.length === 1 && one !== undefined;
    screen.draw(isOne ? drawOne(one, history, screen.size) : drawAll(latest, history, screen.size));
  };
  const quit = new Promise<undefined>((resolve) => screen.quit.addEventListener("abort", () => resolve(undefined)));
  for (;;) {
    draw();
    const next = await Promise.race([steps.next(), quit]);
    if (next === undefined || next.done) break;
    latest = figuresOf(next.value);
    history.add(latest);
  }
}

function parseInterval(value: string): number {
  const seconds = Number(value);
  if (!(seconds >= 0.1) || seconds > 3600) throw new Error("must be a number of seconds, 0.1 to 3600");
  return seconds;
}
