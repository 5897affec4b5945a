/** Every path that is served. Paths are without version; the Docker Engine API reference tells what they mean. */
import { attachContainer } from "./resources/attach.ts";
import {
  createContainer,
  killContainer,
  pauseContainer,
  removeContainer,
  renameContainer,
  resizeContainer,
  restartContainer,
  startContainer,
  stopContainer,
  unpauseContainer,
  waitForContainer,
} from "./resources/container-life.ts";
import { inspectContainer, listContainers, pruneContainers } from "./resources/container-list.ts";
import { containerLogs } from "./resources/container-output.ts";
import { diagnose } from "./resources/diagnosis.ts";
import { streamEvents } from "./resources/events.ts";
import { createExec, inspectExec, resizeExec, startExec } from "./resources/exec.ts";
import { createImage, loadImages } from "./resources/image-streams.ts";
import { inspectImage, listImages, removeImage, showImageHistory, tagImage } from "./resources/images.ts";
import {
  inspectLimitGroup,
  limitGroup,
  listLimitGroups,
  removeLimitGroup,
  repairLimitGroup,
} from "./resources/limit-groups.ts";
import { adviseContainer, explainContainer, streamLimitEvents } from "./resources/limit-insight.ts";
import { inspectLimits, listLimits } from "./resources/limits.ts";
import {
  addGrant,
  explainName,
  listGrants,
  listPorts,
  listRules,
  listTraffic,
  publishPorts,
  removeGrant,
  repairNetwork,
  shapeContainer,
  showMap,
  unpublishPorts,
} from "./resources/net.ts";
import {
  connectNetwork,
  createNetwork,
  disconnectNetwork,
  inspectNetwork,
  listNetworks,
  pruneNetworks,
  removeNetwork,
} from "./resources/networks.ts";
import { leaveSwarm, requireManager } from "./resources/swarm.ts";
import { ping, showInfo, showVersion } from "./resources/system.ts";
import { containerProcesses, containerTop } from "./resources/top.ts";
import { changeLimits, repairLimits, updateContainer } from "./resources/update.ts";
import { containerStats, streamUsage } from "./resources/usage.ts";
import { createVolume, inspectVolume, listVolumes, pruneVolumes, removeVolume } from "./resources/volumes.ts";
import type { Route } from "./router.ts";

export const ROUTES: readonly Route[] = [
  ["GET", "/_ping", ping],
  ["HEAD", "/_ping", ping],
  ["GET", "/version", showVersion],
  ["GET", "/info", showInfo],
  ["GET", "/events", streamEvents],

  ["GET", "/containers/json", listContainers],
  ["POST", "/containers/create", createContainer],
  ["POST", "/containers/prune", pruneContainers],
  ["GET", "/containers/{id...}/json", inspectContainer],
  ["POST", "/containers/{id...}/start", startContainer],
  ["POST", "/containers/{id...}/stop", stopContainer],
  ["POST", "/containers/{id...}/restart", restartContainer],
  ["POST", "/containers/{id...}/kill", killContainer],
  ["POST", "/containers/{id...}/pause", pauseContainer],
  ["POST", "/containers/{id...}/unpause", unpauseContainer],
  ["POST", "/containers/{id...}/wait", waitForContainer],
  ["POST", "/containers/{id...}/rename", renameContainer],
  ["POST", "/containers/{id...}/update", updateContainer],
  ["POST", "/containers/{id...}/resize", resizeContainer],
  ["POST", "/containers/{id...}/attach", attachContainer],
  ["GET", "/containers/{id...}/logs", containerLogs],
  ["GET", "/containers/{id...}/stats", containerStats],
  ["GET", "/containers/{id...}/top", containerTop],
  // A link is named by its container and its alias: `web/db`.
  ["DELETE", "/containers/{id...}", removeContainer],

  ["POST", "/containers/{id...}/exec", createExec],
  ["POST", "/exec/{id}/start", startExec],
  ["POST", "/exec/{id}/resize", resizeExec],
  ["GET", "/exec/{id}/json", inspectExec],

  ["GET", "/images/json", listImages],
  ["POST", "/images/create", createImage],
  ["POST", "/images/load", loadImages],
  ["GET", "/images/{name...}/json", inspectImage],
  ["GET", "/images/{name...}/history", showImageHistory],
  ["POST", "/images/{name...}/tag", tagImage],
  ["DELETE", "/images/{name...}", removeImage],

  ["GET", "/networks", listNetworks],
  ["GET", "/networks/", listNetworks],
  ["POST", "/networks/create", createNetwork],
  ["POST", "/networks/prune", pruneNetworks],
  ["GET", "/networks/{id}", inspectNetwork],
  ["POST", "/networks/{id}/connect", connectNetwork],
  ["POST", "/networks/{id}/disconnect", disconnectNetwork],
  ["DELETE", "/networks/{id}", removeNetwork],

  ["GET", "/volumes", listVolumes],
  ["POST", "/volumes/create", createVolume],
  ["POST", "/volumes/prune", pruneVolumes],
  ["GET", "/volumes/{name}", inspectVolume],
  ["DELETE", "/volumes/{name}", removeVolume],

  ["GET", "/swarm", requireManager],
  ["POST", "/swarm/leave", leaveSwarm],
  ...["services", "nodes", "tasks", "secrets", "configs"].flatMap((kind): Route[] => [
    ["GET", `/${kind}`, requireManager],
    ["GET", `/${kind}/{path...}`, requireManager],
    ["POST", `/${kind}/{path...}`, requireManager],
    ["DELETE", `/${kind}/{path...}`, requireManager],
  ]),

  ["GET", "/ctr/stats", streamUsage],
  ["GET", "/ctr/containers/{id}/processes", containerProcesses],
  ["GET", "/ctr/limits", listLimits],
  ["GET", "/ctr/containers/{id}/limits", inspectLimits],
  ["POST", "/ctr/containers/{id}/limits", changeLimits],
  ["POST", "/ctr/containers/{id}/limits/repair", repairLimits],
  ["GET", "/ctr/limit-groups", listLimitGroups],
  ["GET", "/ctr/limit-groups/{name}", inspectLimitGroup],
  ["POST", "/ctr/limit-groups/{name}", limitGroup],
  ["POST", "/ctr/limit-groups/{name}/repair", repairLimitGroup],
  ["DELETE", "/ctr/limit-groups/{name}", removeLimitGroup],
  ["GET", "/ctr/limits/events", streamLimitEvents],
  ["GET", "/ctr/containers/{id}/explain", explainContainer],
  ["GET", "/ctr/containers/{id}/advice", adviseContainer],
  ["GET", "/ctr/containers/{id}/dns", explainName],
  ["POST", "/ctr/containers/{id}/publish", publishPorts],
  ["POST", "/ctr/containers/{id}/unpublish", unpublishPorts],
  ["POST", "/ctr/containers/{id}/shape", shapeContainer],
  ["GET", "/ctr/networks/grants", listGrants],
  ["POST", "/ctr/networks/grants", addGrant],
  ["DELETE", "/ctr/networks/grants", removeGrant],
  ["GET", "/ctr/net/ports", listPorts],
  ["GET", "/ctr/net/rules", listRules],
  ["GET", "/ctr/net/traffic", listTraffic],
  ["GET", "/ctr/net/map", showMap],
  ["POST", "/ctr/net/repair", repairNetwork],
  ["POST", "/ctr/net/diagnosis", diagnose],
];
