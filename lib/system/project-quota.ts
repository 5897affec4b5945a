/**
 * Limits of the space below a directory: project quotas of xfs (mounted with `pquota`) and ext4 (`prjquota`), see
 * xfs_quota(8). A directory that belongs to a project hands it down to all that is made in it.
 */
import { closeSync, constants, openSync } from "node:fs";
import { hasCode } from "../errors.ts";
import { systemCall } from "./libc.ts";

/** From `linux/fs.h`: reading and writing `struct fsxattr`, and handing the project down. */
const FS_IOC_FSGETXATTR = 0x801c581f;
const FS_IOC_FSSETXATTR = 0x401c5820;
const FS_XFLAG_PROJINHERIT = 0x200;
const FSXATTR_SIZE = 28;

/** From `linux/dqblk_xfs.h`, as quotactl(2) takes them: a command and the kind of quota in one number. */
const PROJECT_KIND = 2;
const Q_XSETQLIM = (0x5804 << 8) | PROJECT_KIND;
const Q_XGETQSTAT = (0x5805 << 8) | PROJECT_KIND;
const FS_QUOTA_PDQ_ENFD = 1 << 5;
const FS_DQUOT_VERSION = 1;
const FS_PROJ_QUOTA = 2;
const FS_DQ_BSOFT_BHARD = (1 << 2) | (1 << 3);
const DISK_QUOTA_SIZE = 112;
const STATE_SIZE = 96;
/** Bytes: the unit of its numbers. */
const BASIC_BLOCK = 512;

/** quotactl_fd(2), Linux 5.14; the C library has no function for it. The number is the same on every architecture. */
const QUOTACTL_FD = 443;

/** Whether the file system of a directory keeps project quotas, in the way in which it is mounted now. */
export function keepsProjectQuotas(directory: string): boolean {
  const state = Buffer.alloc(STATE_SIZE);
  try {
    withDirectory(directory, (fd) => systemCall("quotactl_fd", directory, QUOTACTL_FD, fd, Q_XGETQSTAT, 0, state));
  } catch (error) {
    if (hasCode(error, "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EINVAL", "ESRCH", "ENOTTY")) return false;
    throw error;
  }
  return (state.readUInt16LE(2) & FS_QUOTA_PDQ_ENFD) !== 0;
}

/**
 * Makes an empty directory, and all that will be made in it, part of a project.
 * @param project from 1; those that belong to others are in /etc/projects
 * @throws {SystemCallError}
 */
export function joinProject(directory: string, project: number): void {
  withDirectory(directory, (fd) => {
    const attributes = Buffer.alloc(FSXATTR_SIZE);
    systemCall("ioctl", directory, fd, FS_IOC_FSGETXATTR, attributes);
    attributes.writeUInt32LE((attributes.readUInt32LE(0) | FS_XFLAG_PROJINHERIT) >>> 0, 0);
    attributes.writeUInt32LE(project, 12);
    systemCall("ioctl", directory, fd, FS_IOC_FSSETXATTR, attributes);
  });
}

/**
 * @param directory any of the file system
 * @param bytes rounded down to whole blocks of 512; 0 takes the limit away
 * @throws {SystemCallError}
 */
export function limitProject(directory: string, project: number, bytes: number): void {
  const blocks = BigInt(Math.floor(bytes / BASIC_BLOCK));
  const limit = Buffer.alloc(DISK_QUOTA_SIZE);
  limit.writeUInt8(FS_DQUOT_VERSION, 0);
  limit.writeUInt8(FS_PROJ_QUOTA, 1);
  limit.writeUInt16LE(FS_DQ_BSOFT_BHARD, 2);
  limit.writeUInt32LE(project, 4);
  limit.writeBigUInt64LE(blocks, 8);
  limit.writeBigUInt64LE(blocks, 16);
  withDirectory(directory, (fd) => systemCall("quotactl_fd", directory, QUOTACTL_FD, fd, Q_XSETQLIM, project, limit));
}

function withDirectory(path: string, body: (fd: number) => unknown): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    body(fd);
  } finally {
    closeSync(fd);
  }
}
