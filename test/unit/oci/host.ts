/** A host, a container and what a start finds, for tests that look at specifications without a kernel. */
import { type BundleInput, composeSpec, type StartFacts } from "../../../runtime/oci/build-spec.ts";
import { grantDevices } from "../../../runtime/oci/devices.ts";
import type { OciHost } from "../../../runtime/oci/host.ts";
import { SeccompProfile } from "../../../runtime/oci/seccomp.ts";
import type { OciSpec } from "../../../runtime/oci/spec.ts";
import { userMounts } from "../../../runtime/oci/user-mounts.ts";
import type { ContainerConfig, HostConfig } from "../../../runtime/types.ts";

const PROFILE = {
  defaultAction: "SCMP_ACT_ERRNO",
  archMap: [{ architecture: "SCMP_ARCH_X86_64", subArchitectures: ["SCMP_ARCH_X86"] }],
  syscalls: [{ names: ["read"], action: "SCMP_ACT_ALLOW" }],
};

export const HOST: OciHost = {
  architecture: "x64",
  kernel: "6.1.0-18-amd64",
  capabilities: [
    ...["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID"],
    ...["CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_SYS_CHROOT", "CAP_SYS_ADMIN"],
    ...["CAP_MKNOD", "CAP_AUDIT_WRITE", "CAP_SETFCAP"],
  ],
  unified: false,
  seccomp: true,
  seccompProfile: SeccompProfile.parse(JSON.stringify(PROFILE)),
  appArmor: false,
  initProgram: "/usr/bin/tini-static",
  networkSysctls: { "net.ipv4.ip_unprivileged_port_start": "0" },
  maskedPaths: ["/proc/kcore"],
  recursiveReadOnly: true,
  hardLimits: new Map([["nofile", 20000]]),
};

export interface Wishes {
  readonly config?: ContainerConfig;
  readonly hostConfig?: HostConfig;
  readonly host?: Partial<OciHost>;
  readonly input?: Partial<BundleInput>;
  readonly facts?: Partial<StartFacts>;
  /** No network namespace of its own. */
  readonly hostNetwork?: boolean;
}

/** The specification of a container that runs `sh -c true` on a network of its own. */
export function specOf({ config, hostConfig = {}, host, input, facts, hostNetwork }: Wishes = {}): OciSpec {
  return composeSpec(
    {
      container: { config: { Hostname: "box", ...config }, hostConfig, path: "sh", args: ["-c", "true"] },
      rootfs: "/data/merged",
      cgroupsPath: "/ctr/1",
      ...(hostNetwork ? {} : { networkNamespace: "/run/ctr/netns/1" }),
      hostnamePath: "/data/hostname",
      hostsPath: "/data/hosts",
      resolvConfPath: "/data/resolv.conf",
      oomScoreAdj: 0,
      ...input,
    },
    {
      user: { uid: 0, gid: 0, additionalGids: [0], home: "/root" },
      userMounts: userMounts(hostConfig),
      ...grantDevices(hostConfig),
      devices: [],
      ...facts,
    },
    { ...HOST, ...host },
  );
}
