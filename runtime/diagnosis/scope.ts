/** What a diagnosis is about: everything, one network and who is on it, or one container. */
import { notFound } from "../../lib/errors.ts";
import { nearest } from "../../lib/nearest.ts";
import type { Finding, IntendedContainer, Network, SnapshotView } from "../../netns/index.ts";

export interface Scope {
  readonly networks: readonly Network[];
  readonly containers: readonly IntendedContainer[];
  /** Undefined for everything. */
  readonly name: string | undefined;
}

/** @throws `notFound` for what is neither a network nor a container, with the nearest name */
export function scopeOf(view: SnapshotView, reference: string | undefined): Scope {
  const { networks, containers } = view.snapshot.intent;
  if (reference === undefined) return { networks, containers, name: undefined };
  const container = view.container(reference);
  if (container !== undefined) {
    const own = new Set(
      [container, ...view.containersIn(container.namespace ?? "")].flatMap(({ endpoints }) =>
        endpoints.map(({ networkId }) => networkId),
      ),
    );
    return {
      networks: networks.filter(({ id }) => own.has(id)),
      containers: [container],
      name: `container ${container.name}`,
    };
  }
  const network = networks.find(({ id, name }) => name === reference || id === reference || isPrefix(reference, id));
  if (network === undefined) throw unknown(reference, view);
  const members = containers.filter(({ endpoints }) => endpoints.some(({ networkId }) => networkId === network.id));
  return { networks: [network], containers: members, name: `network ${network.name}` };
}

const isPrefix = (text: string, id: string): boolean => text.length >= 4 && id.startsWith(text);

function unknown(reference: string, { snapshot }: SnapshotView) {
  const { networks, containers } = snapshot.intent;
  const meant = nearest(
    reference,
    [...containers, ...networks].map(({ name }) => name),
  );
  return notFound(`no network and no container of that name: ${reference}`, {
    code: "CTR_DIAGNOSIS_SCOPE_NOT_FOUND",
    hint: meant === undefined ? "see: ctr net map" : `did you mean ${meant}?`,
  });
}

/** Whose a finding is: of a container or a network that its object or its evidence names, else the host's. */
export function ownerOf({ object, evidence }: Finding, view: SnapshotView): string {
  const { networks, containers } = view.snapshot.intent;
  const texts = [object, ...evidence.map(({ source }) => source)];
  for (const text of texts) {
    const words = new Set(text.split(/[^\w.-]+/));
    const container = containers.find(
      ({ name, endpoints }) => words.has(name) || endpoints.some(({ hostInterface = "" }) => words.has(hostInterface)),
    );
    if (container !== undefined) return `container ${container.name}`;
    const network = networks.find(({ name, bridge = "" }) => (isOwnName(name) && words.has(name)) || words.has(bridge));
    if (network !== undefined) return `network ${network.name}`;
  }
  return "host";
}

/** Names of Docker's own networks are words of every text. */
const isOwnName = (name: string): boolean => !["host", "none", "bridge"].includes(name);

/** What concerns the host concerns everybody. */
export function isInScope(finding: Finding, scope: Scope, view: SnapshotView): boolean {
  const owner = ownerOf(finding, view);
  if (scope.name === undefined || owner === "host" || owner === scope.name) return true;
  return (
    scope.containers.some(({ name }) => owner === `container ${name}`) ||
    scope.networks.some(({ name }) => owner === `network ${name}`)
  );
}
