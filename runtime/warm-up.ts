/**
 * What the first container would otherwise wait for: code that is not compiled yet, and files of the kernel that nobody
 * has opened yet.
 */
import { type Cgroups, startingLimits } from "../cgroups/index.ts";
import { generateId } from "../lib/ids.ts";
import { checkContainer, composeSpec, type OciHost } from "./oci/index.ts";

const ROOT = { uid: 0, gid: 0, additionalGids: [], home: "/" };

/** Goes through the making of a container that is never made. Leaves nothing but the engine's cgroup parent. */
export async function warmUp(cgroups: Cgroups, host: OciHost): Promise<void> {
  const id = generateId();
  const container = { config: {}, hostConfig: {}, path: "true", args: [] };
  checkContainer(container.config, container.hostConfig, host);
  const spec = composeSpec(
    {
      container,
      rootfs: "/",
      cgroupsPath: cgroups.pathOf(id),
      networkNamespace: "/",
      hostnamePath: "/",
      hostsPath: "/",
      resolvConfPath: "/",
      oomScoreAdj: 0,
    },
    { user: ROOT, userMounts: [], devices: [], deviceRules: [] },
    host,
  );
  JSON.stringify(spec);
  cgroups.create(id, startingLimits({}));
  cgroups.update(id, {});
  cgroups.oomKills(id);
  await cgroups.kill(id);
  await cgroups.remove(id);
}
