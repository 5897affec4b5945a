import assert from "node:assert/strict";
import { explainLookup, namelessNetwork } from "../../../../../netns/diagnosis/causes/names/index.ts";
import type { NameLookup, NameQuestion } from "../../../../../netns/diagnosis/look-up/types.ts";
import { Damaged } from "./damaged.ts";

const question = (outcome: NameQuestion["outcome"], detail?: string): NameQuestion => ({
  ...{ question: "db", type: "A", server: "127.0.0.11", addresses: [], milliseconds: 1 },
  ...{ outcome, detail },
});
const lookup = (name: string, ...questions: readonly NameQuestion[]): NameLookup => ({
  ...{ name, questions, addresses: [], by: undefined, servers: ["127.0.0.11"], milliseconds: 1 },
});

describe("why a name is not found", () => {
  const host = new Damaged();
  const explain = (found: NameLookup, from = "web") =>
    explainLookup({ view: host.view, from: host.container(from).id, fromName: from, lookup: found }).map(
      ({ code, title }) => `${code} ${title}`,
    );

  it("tells containers that share no network, and what to do", () => {
    const [text = "", ...others] = explain(lookup("db", question("unknown", "NXDOMAIN")));
    assert.match(text, /^CTRN507 web does not know the name db: it is on no network of its own together with db/);
    assert.deepEqual(others, []);
  });

  it("tells names that nobody has", () => {
    assert.match(explain(lookup("nobody", question("unknown")))[0] ?? "", /^CTRN507 There is no name nobody/);
  });

  it("tells containers that do not run", () => {
    host.container("api").running = false;
    assert.match(explain(lookup("api", question("unknown")))[0] ?? "", /^CTRN507 .* does not run/);
  });

  it("tells servers that are silent, and those that cannot find out", () => {
    assert.match(
      explain(lookup("example.org", question("silence")))[0] ?? "",
      /^CTRN505 The name server that web asks/,
    );
    const failed = lookup("example.org", question("failed", "SERVFAIL"), question("none"));
    assert.match(
      explain(failed)[0] ?? "",
      /^CTRN505 The name server \(127\.0\.0\.11, which asks 192\.0\.2\.2\) could not find out about example\.org/,
    );
  });

  it("tells the servers behind the sandbox's own: the container's, else the host's", () => {
    const objectOf = (found: NameLookup): string | undefined =>
      explainLookup({ view: host.view, from: host.container("web").id, fromName: "web", lookup: found })[0]?.object;
    const failed = lookup("example.org", question("failed", "SERVFAIL"));
    assert.equal(objectOf(failed), "name server 192.0.2.2");
    host.container("web").dns.servers = ["198.51.100.9"];
    assert.equal(objectOf(failed), "name server 198.51.100.9");
    assert.equal(objectOf({ ...failed, servers: ["203.0.113.1"] }), "name server 203.0.113.1");
  });

  it("leaves servers that refuse to the way to them", () => {
    assert.deepEqual(explain(lookup("example.org", question("refused"))), []);
  });

  const answered = (more: Partial<NameLookup>, ...questions: readonly NameQuestion[]): NameLookup => ({
    ...lookup("api", ...questions),
    ...{ addresses: ["10.10.1.9"], by: "dns" },
    ...more,
  });
  const explainAnswer = (
    found: NameLookup,
    more: { readonly expected?: readonly string[]; readonly plain?: NameLookup } = {},
  ): string[] => {
    const { id } = host.container("web");
    const findings = explainLookup({ view: host.view, from: id, fromName: "web", lookup: found, ...more });
    return findings.map(({ code, title }) => `${code} ${title}`);
  };

  it("tells lines of /etc/hosts that lead past the container, or past what servers say", () => {
    const line = answered({ by: "hosts" });
    assert.match(
      explainAnswer(line, { expected: [host.address("api")] })[0] ?? "",
      /^CTRN509 A line of \/etc\/hosts leads api to 10\.10\.1\.9 in web; its right address is 10\.10\.1\./,
    );
    assert.match(
      explainAnswer(line, { plain: answered({ addresses: ["192.0.2.7"] }) })[0] ?? "",
      /^CTRN509 .*192\.0\.2\.7/,
    );
    assert.deepEqual(explainAnswer(line), []);
    assert.deepEqual(explainAnswer(line, { plain: lookup("api", question("unknown")) }), []);
    assert.deepEqual(explainAnswer(line, { expected: ["10.10.1.9"] }), []);
  });

  it("tells servers that are passed over, and no others", () => {
    const silent = { ...question("silence"), server: "203.0.113.9" };
    const found = answered({ servers: ["203.0.113.9", "127.0.0.11"] }, silent, question("found"));
    assert.match(
      explainAnswer(found)[0] ?? "",
      /^CTRN510 The name server 203\.0\.113\.9 does not answer: .* 127\.0\.0\.11/,
    );
    assert.deepEqual(explainAnswer(answered({}, question("found"))), []);
  });

  it("tells search domains that lead a name elsewhere", () => {
    const found = answered({}, { ...question("found"), question: "api.trap.example." });
    const plain = answered({ addresses: ["192.0.2.7"] });
    assert.match(
      explainAnswer(found, { plain })[0] ?? "",
      /^CTRN511 web asks for api\.trap\.example in the place of api/,
    );
    assert.deepEqual(explainAnswer(found, { plain: lookup("api", question("unknown")) }), []);
  });

  it("tells that the default network has no names, unless a file has", () => {
    const other = new Damaged();
    const [lonely, db] = [other.container("lonely"), other.container("db")];
    assert.equal(namelessNetwork(other.view, lonely.id, db), undefined, "they share no network");
    db.endpoints = lonely.endpoints.map((endpoint) => ({ ...endpoint, address: "172.17.0.9" }));
    const { code, severity } = namelessNetwork(other.view, lonely.id, db) ?? {};
    assert.deepEqual([code, severity], ["CTRN507", "note"]);
    other.inside("lonely").hosts = "172.17.0.9 db\n";
    assert.equal(namelessNetwork(other.view, lonely.id, db), undefined, "--link");
  });

  it("tells containers whose programs ask nobody", () => {
    const other = new Damaged();
    other.inside("web").nameSources = "hosts: files";
    const { id } = other.container("web");
    const [first] = explainLookup({
      view: other.view,
      ...{ from: id, fromName: "web", lookup: answered({}, question("found")) },
    });
    assert.equal(first?.code, "CTRN512");
  });
});
