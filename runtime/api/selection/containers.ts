/** Which containers a list shows: Docker's filters. */
import { invalid } from "../../../lib/errors.ts";
import type { Container, Image } from "../../types.ts";
import { type Filters, matchesPattern } from "../decode/filters.ts";
import { parseTime } from "../decode/times.ts";
import type { ApiEngine } from "../engine-face.ts";
import { mountPoints } from "../views/mounts.ts";
import { portSummaries } from "../views/ports.ts";
import { isRunning } from "../views/status.ts";
import { isZeroTime } from "../views/times.ts";

export const CONTAINER_FILTERS = [
  "ancestor",
  "before",
  "exited",
  "expose",
  "health",
  "id",
  "is-task",
  "isolation",
  "label",
  "name",
  "network",
  "publish",
  "since",
  "status",
  "volume",
] as const;

const STATUSES = ["created", "running", "paused", "restarting", "removing", "exited", "dead"];

const HEALTHS = ["none", "starting", "healthy", "unhealthy"];

export interface Selection {
  readonly filters: Filters;
  /** Those too that do not run. */
  readonly all: boolean;
  /** The newest so many, whether they run or not; 0 is all. */
  readonly limit: number;
}

type Test = (container: Container) => boolean;

/** @throws `invalid` for a bad filter value, `notFound` for a container that a filter names */
export function selectContainers(engine: ApiEngine, { filters, all, limit }: Selection): Container[] {
  const tests = testsOf(engine, filters);
  const anyState = all || limit > 0 || filters.has("status");
  const selected = engine.containers
    .list()
    .filter((container) => (anyState || isRunning(container)) && tests.every((test) => test(container)));
  return limit > 0 ? selected.slice(0, limit) : selected;
}

function testsOf(engine: ApiEngine, filters: Filters): Test[] {
  return [
    ({ id }) => filters.any("id", (value) => id.startsWith(value) || matchesPattern(value, id)),
    // Names are matched with and without their slash, so that `^/web$` and `^web$` both work.
    ({ name }) => filters.any("name", (value) => matchesPattern(value, name) || matchesPattern(value, `/${name}`)),
    ({ config }) => filters.labels(config.Labels ?? {}),
    statusTest(filters),
    exitedTest(filters),
    createdTest(engine, filters),
    networkTest(engine, filters),
    ancestorTest(engine, filters),
    portTest(filters, "publish"),
    portTest(filters, "expose"),
    (container) => filters.any("volume", (value) => hasMount(container, value)),
    healthTest(filters),
    // There is no Swarm, and one isolation.
    () => filters.any("is-task", (value) => value === "false"),
  ];
}

function statusTest(filters: Filters): Test {
  for (const value of filters.values("status")) {
    if (STATUSES.includes(value)) continue;
    throw invalid(
      `invalid filter 'status=${value}': it must be one of ${STATUSES.join(", ")}`,
      "CTR_API_FILTER_INVALID",
    );
  }
  return ({ status }) => filters.any("status", (value) => value === status);
}

function healthTest(filters: Filters): Test {
  for (const value of filters.values("health")) {
    if (HEALTHS.includes(value)) continue;
    throw invalid(
      `invalid filter 'health=${value}': invalid value for health (${value}): must be one of ${HEALTHS.join(", ")}`,
      "CTR_API_FILTER_INVALID",
    );
  }
  return ({ health }) => filters.any("health", (value) => value === (health?.status ?? "none"));
}

function exitedTest(filters: Filters): Test {
  const codes = new Set(
    filters.values("exited").map((value) => {
      if (!/^-?\d+$/.test(value)) throw invalid(`invalid filter 'exited=${value}'`, "CTR_API_FILTER_INVALID");
      return Number(value);
    }),
  );
  return (container) =>
    codes.size === 0 || (!isRunning(container) && !isZeroTime(container.startedAt) && codes.has(container.exitCode));
}

/** `before` and `since` name a container; `until`, of prune, is a time. */
function createdTest({ containers }: ApiEngine, filters: Filters): Test {
  if (!["before", "since", "until"].some((name) => filters.has(name))) return () => true;
  const rank = new Map(containers.list().map(({ id }, index) => [id, index] as const));
  const rankOf = ({ id }: Container): number => rank.get(id) ?? 0;
  const before = filters.values("before").map((ref) => rankOf(containers.find(ref)));
  const since = filters.values("since").map((ref) => rankOf(containers.find(ref)));
  const until = filters.values("until").map((value) => (parseTime(value) ?? 0) / 1000);
  // The list has the newest first.
  return (container) =>
    before.every((limit) => rankOf(container) > limit) &&
    since.every((limit) => rankOf(container) < limit) &&
    until.every((limit) => Date.parse(container.created) < limit);
}

function networkTest({ network }: ApiEngine, filters: Filters): Test {
  return ({ id, awaitedNetworks = [] }) =>
    filters.any(
      "network",
      (value) =>
        awaitedNetworks.some((request) => request.network === value) ||
        network
          .endpointsOfContainer(id)
          .some(({ networkName, networkId }) => networkName === value || networkId.startsWith(value)),
    );
}

/** The image, named in any way, or an image that is built on it: one whose lowest layers are all of its layers. */
function ancestorTest({ images }: ApiEngine, filters: Filters): Test {
  if (!filters.has("ancestor")) return () => true;
  const known = images.list();
  const wanted = filters.values("ancestor").flatMap((value) => {
    try {
      return [images.find(value)];
    } catch {
      return [];
    }
  });
  const accepted = new Set(
    known.filter((image) => wanted.some((base) => base.id === image.id || isBuiltOn(image, base))).map(({ id }) => id),
  );
  return ({ imageId }) => accepted.has(imageId);
}

function isBuiltOn(image: Image, { layers }: Image): boolean {
  return layers.length > 0 && layers.every((layer, index) => image.layers[index] === layer);
}

/** `80`, `80/udp`, `8000-8010/tcp`: of the host for `publish`, of the container for `expose`. */
function portTest(filters: Filters, name: "publish" | "expose"): Test {
  const ranges = filters.values(name).map(parseRange);
  return (container) =>
    ranges.length === 0 ||
    portSummaries(container).some(({ PrivatePort, PublicPort, Type }) => {
      const port = name === "publish" ? PublicPort : PrivatePort;
      return ranges.some(
        ({ first, last, protocol }) => port !== undefined && Type === protocol && port >= first && port <= last,
      );
    });
}

function parseRange(text: string): { readonly first: number; readonly last: number; readonly protocol: string } {
  const match = /^(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp))?$/.exec(text);
  if (match === null) throw invalid(`invalid port filter '${text}'`, "CTR_API_FILTER_INVALID");
  const [, first = "", last = first, protocol = "tcp"] = match;
  return { first: Number(first), last: Number(last), protocol };
}

function hasMount(container: Container, value: string): boolean {
  return mountPoints(container).some(
    ({ Name, Source, Destination }) => Name === value || Source === value || Destination === value,
  );
}
