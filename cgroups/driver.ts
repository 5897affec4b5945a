/** Where an engine may make its groups: below the root, below a slice, or in what was delegated to it. */
import { hasCode, invalid, unsupported } from "../lib/errors.ts";
import { readOptional } from "./group-files.ts";
import type { CgroupHost } from "./host.ts";

export type CgroupDriver = "cgroupfs" | "systemd";

/**
 * Docker's `native.cgroupdriver`. This layer writes the cgroup file system itself, with either driver: `systemd` means
 * that groups go below slices, as systemd expects them. Nothing is asked of systemd, so it needs not run.
 * @throws `invalid` with Docker's text for any other name; `unsupported` for `systemd` on a host with v1 hierarchies
 */
export function checkDriver(name: string, host: CgroupHost): CgroupDriver {
  if (name !== "cgroupfs" && name !== "systemd") {
    throw invalid(
      `invalid native.cgroupdriver: "${name}", supported values are "cgroupfs" and "systemd"`,
      "CTR_CGROUP_DRIVER_INVALID",
    );
  }
  if (name === "cgroupfs" || host.mode === "unified") return name;
  throw unsupported("the cgroup driver systemd needs a host with cgroup v2 alone", {
    code: "CTR_CGROUP_DRIVER_UNSUPPORTED",
    hint: "leave exec-opts native.cgroupdriver away, or boot with systemd.unified_cgroup_hierarchy=1",
  });
}

const SLICE = /^[a-zA-Z0-9_:.\\]+(?:-[a-zA-Z0-9_:.\\]+)*\.slice$/;

/**
 * The path of a slice: each dash is a level. `a-b.slice` is `/a.slice/a-b.slice`.
 * @throws `invalid` with Docker's text
 */
export function sliceParent(name: string): string {
  if (!SLICE.test(name)) {
    throw invalid(
      'cgroup-parent for systemd cgroup should be a valid slice named as "xxx.slice"',
      "CTR_CGROUP_PARENT_INVALID",
    );
  }
  const parts = name.slice(0, -".slice".length).split("-");
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join("-")}.slice`).join("");
}

/**
 * The parent for an engine's groups: the wanted one where we may make it; else, when only a part of the v2 tree was
 * delegated to us, one of that name in our own group.
 * @param wanted `/ctr`
 */
export function engineParent(host: CgroupHost, wanted: string): string {
  const { files, unified, mode, procDirectory } = host;
  if (unified === undefined || mode !== "unified" || files.exists(`${unified.directory}${wanted}`)) return wanted;
  try {
    files.makeDirectory(`${unified.directory}${wanted}`);
    return wanted;
  } catch (error) {
    // Made by another, or several levels that are made later.
    if (hasCode(error, "EEXIST", "ENOENT")) return wanted;
    if (!hasCode(error, "EACCES", "EPERM")) throw error;
  }
  const own = /^0::(\/.*)$/m.exec(readOptional(files, `${procDirectory}/self/cgroup`) ?? "")?.[1] ?? "/";
  return own === "/" ? wanted : `${own}${wanted}`;
}
