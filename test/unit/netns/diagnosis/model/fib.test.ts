import assert from "node:assert/strict";
import fc from "fast-check";
import { Fib, type FibResult } from "../../../../../netns/diagnosis/model/fib/fib.ts";
import { LOCAL_TABLE, MAIN_TABLE } from "../../../../../netns/diagnosis/routing-tables.ts";
import type { NamespaceState, RouteState, RoutingRule } from "../../../../../netns/diagnosis/types/index.ts";
import { contains, parseAddress, parseCidr } from "../../../../../netns/ipam/ip.ts";

const ROUTE: RouteState = {
  family: 4,
  table: MAIN_TABLE,
  type: "unicast",
  destination: "0.0.0.0/0",
  gateway: undefined,
  device: "eth0",
  preferredSource: undefined,
  metric: 0,
  mtu: undefined,
  flags: [],
  nexthops: [],
};

const RULE: RoutingRule = {
  family: 4,
  priority: 100,
  from: undefined,
  to: undefined,
  iif: undefined,
  oif: undefined,
  mark: undefined,
  invert: false,
  action: "table",
  table: 7,
  others: [],
};

const STANDARD: readonly RoutingRule[] = [
  { ...RULE, priority: 0, table: LOCAL_TABLE },
  { ...RULE, priority: 32_766, table: MAIN_TABLE },
];

function fibOf(routes: readonly Partial<RouteState>[], rules: readonly Partial<RoutingRule>[] = []): Fib {
  const state = {
    routes: routes.map((route) => ({ ...ROUTE, ...route })),
    rules: [...STANDARD, ...rules.map((rule) => ({ ...RULE, ...rule }))],
    sysctls: {},
    links: [],
  } as unknown as NamespaceState;
  return new Fib(state, () => undefined);
}

const look = (fib: Fib, address: string, more = {}): FibResult =>
  fib.look({ family: 4, destination: parseAddress(address).value, mark: 0n, ...more });

describe("the model's routes", () => {
  it("are taken by the longest prefix, then the lowest metric", () => {
    const fib = fibOf([
      { device: "wide" },
      { destination: "10.0.0.0/8", device: "eight" },
      { destination: "10.1.0.0/16", device: "costly", metric: 5 },
      { destination: "10.1.0.0/16", device: "cheap", metric: 1 },
    ]);
    assert.equal(look(fib, "10.1.2.3").device, "cheap");
    assert.equal(look(fib, "10.9.0.1").device, "eight");
    assert.equal(look(fib, "192.0.2.1").device, "wide");
    assert.equal(look(fibOf([]), "192.0.2.1").kind, "none");
  });

  it("of type throw lead back to the rules, others end the look-up", () => {
    const rules = [{ table: 7 }];
    const inSeven = (type: RouteState["type"]) => fibOf([{ table: 7, type }, { device: "main" }], rules);
    assert.equal(look(inSeven("throw"), "192.0.2.1").device, "main");
    assert.equal(look(inSeven("blackhole"), "192.0.2.1").kind, "blackhole");
    assert.equal(look(inSeven("unreachable"), "192.0.2.1").kind, "unreachable");
    assert.equal(look(inSeven("unicast"), "192.0.2.1").rule?.priority, 100);
  });

  it("are chosen by rules for source, mark, link, and by what a rule is not for", () => {
    const routes = [{ table: 7, device: "seven" }, { device: "main" }];
    const device = (rule: Partial<RoutingRule>, more = {}) => look(fibOf(routes, [rule]), "192.0.2.1", more).device;
    const source = parseAddress("10.1.0.2").value;
    assert.equal(device({ from: "10.1.0.0/16" }, { source }), "seven");
    assert.equal(device({ from: "10.2.0.0/16" }, { source }), "main");
    assert.equal(device({ from: "10.1.0.0/16", invert: true }, { source }), "main");
    assert.equal(device({ mark: { value: 0x10, mask: 0xf0 } }, { mark: 0x1fn }), "seven");
    assert.equal(device({ iif: "br0" }, { inputDevice: "br0" }), "seven");
    assert.equal(device({ iif: "br0" }, { inputDevice: "lo" }), "main");
    assert.equal(device({ action: "goto", table: undefined, others: ["goto 32766"] }), "main");
    assert.equal(device({ table: 7, others: ["suppress_prefixlength 0"] }), "main");
  });

  it("are open where a rule asks for what is not known, unless it makes no difference", () => {
    const rule = { others: ["uidrange 1000-1000"] };
    const differing = look(fibOf([{ table: 7, device: "seven" }, { device: "main" }], [rule]), "192.0.2.1");
    assert.deepEqual([differing.device, differing.unknown !== undefined], ["main", true]);
    const same = look(fibOf([{ table: 7, device: "main" }, { device: "main" }], [rule]), "192.0.2.1");
    assert.equal(same.unknown, undefined);
  });

  it("are passed over when they are dead", () => {
    assert.equal(
      look(fibOf([{ device: "up" }, { destination: "10.0.0.0/8", flags: ["dead"] }]), "10.0.0.1").device,
      "up",
    );
  });

  it("are the ones that a search of all of them finds", () => {
    const prefix = fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 8, max: 32 }));
    const route = fc.record({ prefix, metric: fc.integer({ min: 0, max: 3 }) });
    fc.assert(
      fc.property(fc.array(route, { maxLength: 20 }), fc.integer({ min: 0, max: 3 }), (given, last) => {
        const routes = given.map(({ prefix: [octet, length], metric }, index) => ({
          destination: `10.0.0.${octet}/${length}`,
          metric,
          device: `d${index}`,
        }));
        const address = `10.0.0.${last}`;
        const [best] = routes
          .filter(({ destination }) => contains(parseCidr(destination), parseAddress(address)))
          .map((each) => [parseCidr(each.destination).prefixLength, each] as const)
          .toSorted(([one, { metric }], [other, { metric: otherMetric }]) => other - one || metric - otherMetric);
        assert.equal(look(fibOf(routes), address).device, best?.[1].device);
      }),
    );
  });
});
