import assert from "node:assert/strict";
import { NO_STATS } from "../../../cgroups/index.ts";
import { notFound } from "../../../lib/errors.ts";
import { silentLogger } from "../../../lib/log.ts";
import { FAMILIES } from "../../../runtime/metrics/families.ts";
import { Exposer } from "../../../runtime/metrics/prometheus.ts";
import { Sampler } from "../../../runtime/metrics/sampler.ts";
import { MetricsServer, parseMetricsAddress } from "../../../runtime/metrics/server.ts";
import type { SampledEngine } from "../../../runtime/metrics/tick.ts";
import { container } from "../api/records.ts";

const STALL = { avg10: 0, avg60: 0, avg300: 0, total: 5e5 };

/** An engine of one container, and how often its counters were read. */
function engine(state: { gone?: boolean } = {}) {
  const web = container({ pid: process.pid, hostConfig: { NetworkMode: "host", Memory: 1 << 26, PidsLimit: 10 } });
  const reads = { samples: 0 };
  const sampled: SampledEngine = {
    containers: {
      list: () => [web],
      cgroupsOf: () => ({
        someStats() {
          reads.samples++;
          if (state.gone) throw notFound("no such cgroup", "CTR_CGROUP_NOT_FOUND");
          return { ...NO_STATS, cpuUsage: 2e9, memoryUsage: 100, memoryInactiveFile: 40, oomKills: 3 };
        },
        signals: () => ({ oomKills: 3 }),
        waited: () => ({ cpu: 5e5 }),
        pressure: () => ({ cpu: { some: STALL, full: STALL } }),
        kernelStats() {
          throw notFound("no such cgroup", "CTR_CGROUP_NOT_FOUND");
        },
      }),
    },
    cablesOf: () => [],
  };
  return { sampled, reads, web };
}

describe("sampler", () => {
  it("reads a container once for all who listen at one interval", async () => {
    const { sampled, reads, web } = engine();
    using sampler = new Sampler(sampled);
    const stop = new AbortController();
    const listen = async (): Promise<void> => {
      let seen = 0;
      for await (const tick of sampler.every(60, { first: false, signal: stop.signal })) {
        assert.equal(tick.sample(web)?.stats.cpuUsage, 2e9);
        if (++seen === 2) break;
      }
    };
    await Promise.all(Array.from({ length: 20 }, listen));
    assert.ok(reads.samples <= 3, `${reads.samples} readings for 20 listeners and 2 ticks`);
  });

  it("reads again what was not asked for at first, and no more", () => {
    const { sampled, reads, web } = engine();
    using sampler = new Sampler(sampled);
    const tick = sampler.now();
    tick.sample(web, new Set(["io"]))?.someStats(new Set(["io"]));
    tick.sample(web, new Set())?.someStats(new Set());
    assert.equal(reads.samples, 1);
    assert.equal(tick.sample(web)?.stats.oomKills, 3);
    assert.equal(tick.sample(web)?.stats.oomKills, 3);
    assert.equal(reads.samples, 2);
  });

  it("ends with its signal, at once", async () => {
    using sampler = new Sampler(engine().sampled);
    const stop = new AbortController();
    const ticks = sampler.every(3_600_000, { first: true, signal: stop.signal });
    assert.equal((await ticks.next()).done, false);
    const next = ticks.next();
    stop.abort();
    assert.equal((await next).done, true);
  });

  it("has nothing of a container that ends just now", () => {
    const { sampled, web } = engine({ gone: true });
    using sampler = new Sampler(sampled);
    assert.equal(sampler.now().sample(web), undefined);
    assert.equal(sampler.now().kernelStats(web), undefined);
  });
});

describe("metrics", () => {
  it("are in Prometheus' text format, each with the container's labels", async () => {
    const { sampled } = engine();
    using sampler = new Sampler(sampled);
    const { text, contentType } = await (await Exposer.load("1.2.3")).expose(sampler.now());
    assert.match(contentType, /^text\/plain; version=0\.0\.4/);
    assert.match(text, /^ctr_engine_info\{version="1\.2\.3"\} 1$/m);
    assert.match(text, /^ctr_containers\{state="running"\} 1$/m);
    const labels = 'id="[0-9a-f]{64}",name="[^"]+",image="[^"]+"';
    for (const [name, value] of [
      ["container_cpu_usage_seconds_total", "2"],
      ["container_memory_working_set_bytes", "60"],
      ["container_spec_memory_limit_bytes", "67108864"],
      ["ctr_container_processes_limit", "10"],
      ["container_oom_events_total", "3"],
      ["container_pressure_cpu_waiting_seconds_total", "0.5"],
    ]) {
      assert.match(text, new RegExp(`^${name}\\{${labels}\\} ${value}$`, "m"));
    }
    // No limit and nothing that is counted: no line that would say 0.
    for (const absent of ["container_spec_cpu_limit_cpus", "container_network_receive_bytes_total"]) {
      assert.doesNotMatch(text, new RegExp(absent));
    }
  });

  it("have names of their own, and units that fit their types", () => {
    assert.equal(new Set(FAMILIES.map(({ name }) => name)).size, FAMILIES.length);
    for (const { name, type } of FAMILIES) assert.equal(name.endsWith("_total"), type === "counter", name);
  });

  it("take an address with a port", () => {
    assert.deepEqual(parseMetricsAddress("127.0.0.1:9323"), { host: "127.0.0.1", port: 9323 });
    assert.deepEqual(parseMetricsAddress("[::1]:1"), { host: "::1", port: 1 });
    assert.deepEqual(parseMetricsAddress(":9323"), { port: 9323 });
    for (const wrong of ["9323", "localhost", "a:b", "1.2.3.4:99999", "http://x:1"]) {
      assert.throws(() => parseMetricsAddress(wrong), { code: "CTR_METRICS_ADDRESS_INVALID" }, wrong);
    }
  });

  it("are served on an address that nobody else has", async () => {
    const options = { sampler: new Sampler(engine().sampled), version: "1", logger: silentLogger };
    await using server = await MetricsServer.open({ ...options, address: "127.0.0.1:0" });
    const address = `127.0.0.1:${server.port}`;
    assert.match(await (await fetch(`http://${address}/metrics`)).text(), /container_cpu_usage_seconds_total/);
    await assert.rejects(MetricsServer.open({ ...options, address }), { code: "CTR_METRICS_ADDRESS_IN_USE" });
  });
});
