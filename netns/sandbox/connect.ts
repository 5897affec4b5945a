/** Networks come to a sandbox that is up, and go. */
import { messageOf } from "../../lib/errors.ts";
import { teardown } from "../../lib/teardown.ts";
import type { Connection } from "../drivers/index.ts";
import { reserveEndpoint } from "../endpoints.ts";
import type { PlacedBinding } from "../ports/index.ts";
import { runSteps } from "../steps.ts";
import type { EndpointRecord } from "../store/index.ts";
import type { EndpointRequest, PortBinding, PublishedPort } from "../types.ts";
import { attachLink, configureLink, detachLink, openInside, retireLink, setDefaultRoutes } from "./links.ts";
import { nameRecordsOf, removeNames, serveNames } from "./names.ts";
import { startProxies } from "./open-ports.ts";
import { bindingsInForce, changeProxies, changeRules, matchPorts, type Publication, reservePorts } from "./ports.ts";
import { shapeNewLink, unshapeLinks } from "./shaping.ts";
import { sandboxState } from "./state.ts";
import { forgetFlows } from "./tear-down.ts";
import type { SandboxState, SandboxTools, UpSandbox } from "./types.ts";

/**
 * Gives a container a further network and lays the cable into its sandbox. The default routes and the published ports
 * follow when the new network leads out before the others.
 * @throws what is wrong with the request, or failed; nothing has changed then
 */
export async function connectLive(
  tools: SandboxTools,
  { record, namespacePath, state: before }: UpSandbox,
  request: EndpointRequest,
): Promise<EndpointRecord> {
  const { store, netlink, logger, step, hostPorts, names } = tools;
  const { containerId } = request;
  await tools.proxyStarts.get(containerId);
  using inside = openInside(namespacePath);
  const portsBefore = store.portsOf(containerId);
  let endpoint: EndpointRecord | undefined;
  let after = before;
  let connection: Connection | undefined;
  let ports = portsBefore;
  const added = () => ports.filter((port) => !portsBefore.includes(port));
  const gone = () => portsBefore.filter((port) => !ports.includes(port));
  const from = (): Publication => ({ state: before, ports: portsBefore });
  const to = (): Publication => ({ state: after, ports });
  runSteps(
    `the connection of ${request.containerName} to ${request.network}`,
    [
      {
        name: "reserve the endpoint",
        point: "connect:reserve",
        run: () =>
          store.transaction(() => {
            endpoint = reserveEndpoint(store, request, { starts: true });
            after = sandboxState(store, containerId, namespacePath, store.endpointsOfContainer(containerId));
            const id = endpoint.id;
            connection = after.connections.find(({ endpointId }) => endpointId === id);
            if (connection !== undefined) store.setInterfaceName(id, connection.interfaceName);
          }),
        undo: () => store.removeEndpoint(endpoint?.id ?? ""),
      },
      {
        name: "reserve host ports",
        point: "connect:ports",
        run: () => {
          ports = changePorts(tools, after, portsBefore, record.bindings);
          store.addPorts(containerId, added());
        },
        undo: () => {
          store.removePorts(containerId, added());
          hostPorts.release(containerId, added());
        },
      },
      {
        name: "lay the cable",
        point: "connect:cable",
        run: () => connection && attachLink(netlink, namespacePath, connection),
        undo: () => {
          if (connection === undefined) return;
          unshapeLinks(tools, containerId, [connection]);
          detachLink(netlink, inside, connection);
        },
      },
      {
        name: "configure the interface",
        point: "connect:configure",
        run: () => {
          if (connection === undefined) return;
          configureLink(inside, namespacePath, connection);
          shapeNewLink(tools, containerId, connection);
        },
      },
      {
        name: "set the default routes",
        point: "connect:routes",
        run: () => setDefaultRoutes(inside, after.gateways),
        undo: () => setDefaultRoutes(inside, before.gateways),
      },
      {
        name: "publish ports",
        point: "connect:rules",
        run: () => changeRules(tools, from(), to()),
        undo: () => changeRules(tools, to(), from()),
      },
    ],
    logger,
    step,
  );
  if (endpoint === undefined) throw new TypeError("a connection without an endpoint");
  if (connection !== undefined) tools.announcements.begin(namespacePath, connection);
  const made = store.endpointOn(endpoint.networkId, containerId) ?? endpoint;
  for (const name of nameRecordsOf(store, [made], !record.kept)) names.put(name);
  try {
    await serveNames(tools, after);
  } catch (error) {
    await disconnectLive(tools, { record, namespacePath, state: after }, made);
    throw error;
  }
  step("connect:names");
  store.removePorts(containerId, gone());
  startProxies(tools, from(), to());
  if (gone().length > 0) await tools.proxyStarts.get(containerId);
  hostPorts.release(containerId, gone());
  return made;
}

/** Reserves what comes into force with the new state, beside the ports that stay. @returns all that are to be in force */
function changePorts(
  tools: SandboxTools,
  state: SandboxState,
  present: readonly PublishedPort[],
  bindings: readonly PortBinding[],
): PublishedPort[] {
  const { kept, missing } = matchPorts(present, bindingsInForce(tools, state, bindings));
  return [...kept, ...reservePorts(tools, state, missing)];
}

/** What only the network that leads out now brings into force. A port that is taken is no reason to stay connected. */
function reserveMoved(tools: SandboxTools, state: SandboxState, missing: readonly PlacedBinding[]): PublishedPort[] {
  try {
    const added = reservePorts(tools, state, missing);
    tools.store.addPorts(state.containerId, added);
    return added;
  } catch (error) {
    tools.logger.error("A running container's ports cannot be published.", {
      container: state.containerName,
      error: messageOf(error),
    });
    return [];
  }
}

/**
 * Takes a container off a network. Whatever fails, the rest is done; default routes and ports move to the network that
 * leads out now, and ports that no network carries any more are given back.
 * @throws `system` with a list of what failed
 */
export async function disconnectLive(
  tools: SandboxTools,
  { record, namespacePath, state: before }: UpSandbox,
  endpoint: EndpointRecord,
): Promise<void> {
  const { store, netlink, hostPorts, step } = tools;
  const { containerId, containerName } = endpoint;
  await tools.proxyStarts.get(containerId);
  const others = store.endpointsOfContainer(containerId).filter(({ id, interfaceName }) => {
    return id !== endpoint.id && interfaceName !== undefined;
  });
  const after = sandboxState(store, containerId, namespacePath, others);
  const present = store.portsOf(containerId);
  const bindings = record.kept ? [] : record.bindings;
  const { kept, gone, missing } = matchPorts(present, bindingsInForce(tools, after, bindings));
  const moved = reserveMoved(tools, after, missing);
  const connection = before.connections.find(({ endpointId }) => endpointId === endpoint.id);
  const [from, to]: [Publication, Publication] = [
    { state: before, ports: present },
    { state: after, ports: [...kept, ...moved] },
  ];
  await teardown(`the connection of ${containerName} to ${store.networkOf(endpoint).name}`, [
    {
      what: "names",
      run: async () => {
        removeNames(tools, [endpoint]);
        await serveNames(tools, after);
        step("disconnect:names");
      },
    },
    {
      what: "link",
      run: async () => {
        using inside = openInside(namespacePath);
        if (connection !== undefined) {
          tools.announcements.cancel([connection]);
          unshapeLinks(tools, containerId, [connection]);
          await retireLink(netlink, inside, namespacePath, connection);
          forgetFlows(tools, [connection]);
        }
        step("disconnect:cable");
        setDefaultRoutes(inside, after.gateways);
        step("disconnect:routes");
      },
    },
    {
      what: "port rules",
      run: () => {
        changeRules(tools, from, to);
        step("disconnect:rules");
      },
    },
    { what: "proxies", run: () => changeProxies(tools, from, to) },
    { what: "host ports", run: () => hostPorts.release(containerId, gone) },
    {
      what: "record",
      run: () =>
        store.transaction(() => {
          store.removePorts(containerId, gone);
          store.removeEndpoint(endpoint.id);
        }),
    },
  ]);
  step("disconnect:record");
}
