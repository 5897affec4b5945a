/** Runs a profile with everything around it: the recorder, the probe, quiet before the load, and the list of the killed. */
import { Probe } from "./probe.ts";
import type { Profile } from "./profiles/profile.ts";
import { Recorder } from "./recorder.ts";
import type { Phase, ReportHead, StressReport, Victim } from "./report/types.ts";
import type { LoadSession } from "./session.ts";
import type { Outcome } from "./verify.ts";

export interface ProfileOptions {
  readonly name: string;
  readonly profile: Profile;
  readonly seconds: number;
  /** Called before the load. */
  readonly begin: (head: ReportHead) => void;
  /** Called for each finding as it is found. */
  readonly tell: (outcome: Outcome) => void;
}

/** Milliseconds in which the service is measured before there is any load. */
const QUIET = 2000;

/** Milliseconds after which the engine has told of every kill: cgroup v1 is asked once a second. */
const LATE_EVENTS = 1500;

interface Info {
  readonly NCPU: number;
  readonly KernelVersion: string;
  readonly CgroupVersion: string;
}

export async function runProfile(session: LoadSession, options: ProfileOptions): Promise<StressReport> {
  const { name, profile, seconds, tell } = options;
  const info = await session.client.get<Info>("/info");
  const head: ReportHead = {
    ...{ profile: name, summary: profile.summary, seconds, image: session.image },
    host: { cpus: info.NCPU, kernel: info.KernelVersion, cgroups: `v${info.CgroupVersion}` },
  };
  options.begin(head);
  const findings: Outcome[] = [];
  const phases: Phase[] = [];
  const recorder = new Recorder(session);
  const begun = Date.now();
  const probe = await Probe.start(session, { resources: {}, clock: () => recorder.now });
  const phase = async <T>(title: string, body: () => Promise<T>): Promise<T> => {
    const from = recorder.now;
    probe.phase = title;
    try {
      return await body();
    } finally {
      phases.push({ name: title, from, to: recorder.now });
    }
  };
  recorder.start();
  try {
    await phase("quiet", () => session.pause(QUIET));
    const plots = await profile.run({
      ...{ session, seconds, cpus: info.NCPU, recorder, probe, phase },
      tell: (outcome) => {
        findings.push(outcome);
        tell(outcome);
      },
    });
    await probe.stop();
    await session.pause(LATE_EVENTS);
    const answers = { title: "Answers of the service and of the engine", unit: "ms" as const, series: probe.series() };
    return {
      ...head,
      findings,
      latencies: probe.latencies(),
      victims: await victimsSince(session, recorder, begun),
      phases,
      plots: [...plots, answers],
    };
  } finally {
    await Promise.allSettled([probe.stop(), recorder.stop()]);
  }
}

/** A line of `GET /ctr/limits/events`. */
interface LimitEvent {
  readonly id: string;
  readonly type: string;
  readonly time: number;
  readonly kills?: number;
  readonly victims?: readonly { readonly oomScoreAdj: number }[];
}

/** Whom the kernel killed, as the engine saw it; with scores as far as it may read the kernel's log. */
async function victimsSince(session: LoadSession, recorder: Recorder, begun: number): Promise<Victim[]> {
  const victims: Victim[] = [];
  const query = { since: (begun / 1000).toFixed(3) };
  for await (const event of session.client.events<LimitEvent>("GET", "/ctr/limits/events", { query })) {
    const container = recorder.nameOf(event.id);
    if (event.type !== "oom" || container === undefined) continue;
    const known = event.victims ?? [];
    for (let index = 0; index < (event.kills ?? 1); index++) {
      const score = known[index]?.oomScoreAdj;
      const seconds = (event.time - begun) / 1000;
      victims.push({ seconds, container, ...(score === undefined ? {} : { oomScoreAdj: score }) });
    }
  }
  return victims;
}
