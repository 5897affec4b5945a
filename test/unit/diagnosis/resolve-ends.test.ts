import assert from "node:assert/strict";
import { CtrError } from "../../../lib/errors.ts";
import type { Flow, NameLookup, SnapshotView } from "../../../netns/index.ts";
import { type EndsRequest, resolveEnds } from "../../../runtime/diagnosis/resolve-ends.ts";
import { healthySnapshot, healthyView, stopped, viewWith } from "./snapshots.ts";

const lookup = (answer: Partial<NameLookup>): NameLookup => ({
  ...{ name: "x", questions: [], addresses: [], by: undefined, servers: ["127.0.0.11"], milliseconds: 1 },
  ...answer,
});

const nobody = async (name: string): Promise<NameLookup> =>
  lookup({
    name,
    questions: [
      {
        ...{ question: name, type: "A", server: "127.0.0.11", outcome: "unknown", detail: "NXDOMAIN" },
        ...{ addresses: [], milliseconds: 1 },
      },
    ],
  });

async function resolve(from: string, to: string, view: SnapshotView = healthyView(), more: Partial<EndsRequest> = {}) {
  return await resolveEnds({ from, to, ...more }, { view, lookUp: nobody });
}

const brief = (flows: readonly Flow[]) =>
  flows.map(({ destination, destinationPort, protocol }) => `${destination} ${destinationPort}/${protocol}`);

const idOf = (name: string): string =>
  healthySnapshot().intent.containers.find((container) => container.name === name)?.id ?? "";

async function refusal(promise: Promise<unknown>): Promise<CtrError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof CtrError, String(error));
    return error;
  }
  throw new Error("it was taken");
}

describe("what both ends stand for", () => {
  const view = healthyView();
  const addressOf = (name: string): string => view.container(name)?.endpoints[0]?.address ?? "";

  it("finds a container by name and by the beginning of its id", async () => {
    const { flows } = await resolve("web", "api:8080");
    assert.deepEqual(brief(flows), [`${addressOf("api")} 8080/tcp`]);
    assert.equal(flows[0]?.from, idOf("web"));
    assert.equal(flows[0]?.to, idOf("api"));
    const byId = await resolve(idOf("web").slice(0, 12), `${idOf("api").slice(0, 12)}:8080/udp`);
    assert.deepEqual(brief(byId.flows), [`${addressOf("api")} 8080/udp`]);
  });

  it("dials a published port where each place knows the host", async () => {
    assert.deepEqual(brief((await resolve("host", ":8080")).flows), ["127.0.0.1 8080/tcp", "::1 8080/tcp"]);
    assert.deepEqual(brief((await resolve("host", "localhost:8080")).flows).slice(0, 1), ["127.0.0.1 8080/tcp"]);
    const fromWeb = await resolve("api", "host:8080");
    assert.deepEqual(brief(fromWeb.flows), ["10.10.1.1 8080/tcp"]);
    assert.equal(fromWeb.flows[0]?.to, idOf("web"));
    assert.deepEqual(brief((await resolve("outside", ":8080")).flows), ["192.0.2.1 8080/tcp"]);
  });

  it("takes a container's published port for whoever comes from outside", async () => {
    assert.deepEqual(brief((await resolve("outside", "web:80")).flows), ["192.0.2.1 8080/tcp"]);
    assert.deepEqual(brief((await resolve("outside", "web:8080")).flows), ["192.0.2.1 8080/tcp"]);
    assert.deepEqual(brief((await resolve("outside", "api:8080")).flows), [`${addressOf("api")} 8080/tcp`]);
  });

  it("lets localhost be the source's own", async () => {
    const { flows } = await resolve("web", "localhost:80");
    assert.deepEqual(brief(flows), ["127.0.0.1 80/tcp"]);
    assert.equal(flows[0]?.to, idOf("web"));
    assert.match((await refusal(resolve("outside", "localhost:80"))).message, /outside/);
  });

  it("lets a name server stand for the outside, and says so", async () => {
    const { flows, notes } = await resolve("web", "outside");
    assert.deepEqual(brief(flows), ["192.0.2.2 53/tcp"]);
    assert.match(notes.join(), /outside stands for 192\.0\.2\.2, port 53\/tcp, a name server/);
    const chosen = await resolve("web", "outside", healthyView(), { outside: "198.51.100.7:443" });
    assert.deepEqual(brief(chosen.flows), ["198.51.100.7 443/tcp"]);
    assert.deepEqual(brief((await resolve("web", "outside:80")).flows), ["192.0.2.2 80/tcp"]);
  });

  it("says that nobody is known outside when the host asks no name server", async () => {
    const snapshot = healthySnapshot();
    const namespaces = snapshot.namespaces.map((one) => ({ ...one, resolvConf: "nameserver 127.0.0.53\n" }));
    const { SnapshotView: View } = await import("../../../netns/index.ts");
    const error = await refusal(resolve("web", "outside", new View({ ...snapshot, namespaces })));
    assert.equal(error.code, "CTR_DIAGNOSIS_NO_OUTSIDE");
    assert.match(error.hint ?? "", /--outside/);
  });

  it("suggests the nearest container", async () => {
    const source = await refusal(resolve("wbe", "api:80"));
    assert.equal(source.kind, "notFound");
    assert.match(source.hint ?? "", /did you mean web/);
    assert.match((await refusal(resolve("web", "apy:80"))).hint ?? "", /did you mean api/);
  });

  it("suggests the nearest container beside a look-up that failed", async () => {
    const question = { question: "apy", type: "A", server: "127.0.0.11", detail: "SERVFAIL" } as const;
    const questions = [{ ...question, outcome: "failed", addresses: [], milliseconds: 1 }] as const;
    const failing = async (name: string): Promise<NameLookup> => lookup({ name, questions });
    const { notes } = await resolveEnds({ from: "web", to: "apy:80" }, { view: healthyView(), lookUp: failing });
    assert.deepEqual(notes, ["there is no container apy: did you mean api?"]);
  });

  it("asks for the port, and tells those that there are", async () => {
    const error = await refusal(resolve("api", "web"));
    assert.match(error.message, /which port of web/);
    assert.match(error.hint ?? "", /80\/tcp/);
    assert.deepEqual(brief((await resolve("api", "web/icmp")).flows), [`${addressOf("web")} 0/icmp`]);
  });

  it("makes a finding of a container that does not run, at either end", async () => {
    const sleeping = viewWith("api", () => stopped);
    for (const [from, to] of [
      ["web", "api:8080"],
      ["api", "web:80"],
    ] as const) {
      const { flows, findings } = await resolve(from, to, sleeping);
      assert.deepEqual(flows, []);
      assert.equal(findings[0]?.code, "CTRN611");
      assert.deepEqual(findings[0]?.fix?.commands, [["ctr", "start", "api"]]);
    }
  });

  it("tells of a name that nobody knows, and dials one that is found", async () => {
    const { flows, lookup: failed } = await resolve("web", "no-such.example:80");
    assert.deepEqual(flows, []);
    assert.equal(failed?.questions[0]?.outcome, "unknown");
    const found = await resolveEnds(
      { from: "web", to: "example.com:443" },
      { view, lookUp: async (name) => lookup({ name, addresses: ["198.51.100.9", "2001:db8::9"], by: "dns" }) },
    );
    // web has no IPv6: that family would fail for everybody.
    assert.deepEqual(brief(found.flows), ["198.51.100.9 443/tcp"]);
  });

  it("looks the name of a container up where there are names, and not on the default network", async () => {
    assert.notEqual((await resolve("web", "api:8080")).lookup, undefined);
    assert.equal((await resolve("web", "lonely/icmp")).lookup, undefined);
  });

  it("finds who has an address that is given as the source", async () => {
    const { flows } = await resolve(addressOf("web"), "api:8080");
    assert.equal(flows[0]?.from, idOf("web"));
    assert.equal((await resolve("198.51.100.7", ":8080")).flows[0]?.from, "outside");
  });
});
