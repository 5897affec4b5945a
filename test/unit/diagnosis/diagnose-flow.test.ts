import assert from "node:assert/strict";
import type { Flow, Observations, Walk } from "../../../netns/index.ts";
import { explainFlow, inspectState, walk } from "../../../netns/index.ts";
import { diagnoseFlow } from "../../../runtime/diagnosis/diagnose-flow.ts";
import type { DiagnosisTools, LiveTools, ProbeChoice } from "../../../runtime/diagnosis/tools.ts";
import { healthySnapshot, healthyView } from "./snapshots.ts";

const NOTHING: Observations = {
  ...{ attempts: [], verdicts: [], devices: [], drops: [], counters: [], neighbours: [], connections: [], notSeen: [] },
};

describe("the diagnosis of one flow", () => {
  const view = healthyView();
  const flow: Flow = {
    ...{ from: "host", source: "", destination: "192.0.2.2", family: 4, protocol: "tcp", destinationPort: 80 },
    ...{ sourcePort: 0, size: undefined, to: undefined, fromText: "host", toText: "192.0.2.2:80" },
  };

  /** @returns how packets were sent, when the model says that some end so */
  async function probedWith(facts: Walk["deaths"][number]["death"]["facts"]): Promise<ProbeChoice> {
    let chosen: ProbeChoice = {};
    const probe: LiveTools["probe"] = async (_view, _flow, options) => {
      chosen = options;
      return NOTHING;
    };
    const tools: DiagnosisTools = {
      takeSnapshot: async () => healthySnapshot(),
      walk: (view, flow) => {
        const found = walk(view, flow);
        const [hop] = found.there;
        assert(hop !== undefined);
        const death = { kind: "filter-drop", seen: "silence", facts } as const;
        return { ...found, deaths: [{ direction: "there", hop, death }] };
      },
      ...{ explain: explainFlow, inspect: inspectState, checks: 0 },
      live: { probe } as LiveTools,
      emit: () => {},
      signal: new AbortController().signal,
    };
    await diagnoseFlow(tools, view, flow, {});
    return chosen;
  }

  it("sends several packets where only some are stopped", async () => {
    assert.equal((await probedWith({ limit: true })).often, true);
    assert.equal((await probedWith({ limit: true, remembered: true })).often, false);
    assert.equal((await probedWith({})).often, false);
  });
});
