/**
 * The C library calls that Node lacks, through koffi. Each call is synchronous on the calling thread and costs about
 * 0.1 µs. Never use koffi's `.async` for calls that change the thread (setns, unshare): it runs on a pool thread.
 */
import { createRequire } from "node:module";
import { getSystemErrorMap, getSystemErrorName } from "node:util";

// koffi is CommonJS with a native part: `createRequire` also works from the bundle. It is loaded at the first call, so
// that programs which import this module and call nothing (the CLI) do not pay its 5–10 ms.
type Koffi = typeof import("koffi");
const load = createRequire(import.meta.url);
let koffi: Koffi | undefined;

/** A failed system call. `code` is the errno's name, as in Node's own system errors. */
export class SystemCallError extends Error {
  override readonly name: string = "SystemCallError";
  readonly errno: number;
  readonly code: string;
  readonly syscall: string;

  /**
   * @param errno positive error number
   * @param object what the call was about: a path, a link name
   */
  constructor(syscall: string, errno: number, object: string) {
    const code = errnoName(errno);
    const text = getSystemErrorMap().get(-errno)?.[1] ?? "unknown error";
    super(`${syscall} ${object}: ${text} (${code})`);
    this.errno = errno;
    this.code = code;
    this.syscall = syscall;
  }
}

/** `17` → `EEXIST`. */
export function errnoName(errno: number): string {
  try {
    return getSystemErrorName(-errno);
  } catch {
    return `E${errno}`;
  }
}

type Argument = string | number | bigint | Uint8Array | readonly (string | null)[] | null;
interface Call {
  (...args: readonly Argument[]): number;
  readonly async: (...args: readonly [...Argument[], (error: unknown, result: number) => void]) => void;
}

// ssize_t is unknown to koffi: `long` has its width on every Linux ABI.
const PROTOTYPES = {
  setns: "int setns(int fd, int nstype)",
  unshare: "int unshare(int flags)",
  mount: "int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)",
  umount2: "int umount2(const char *target, int flags)",
  socket: "int socket(int domain, int type, int protocol)",
  bind: "int bind(int fd, const uint8_t *address, uint32_t length)",
  connect: "int connect(int fd, const uint8_t *address, uint32_t length)",
  listen: "int listen(int fd, int backlog)",
  getsockname: "int getsockname(int fd, _Out_ uint8_t *address, _Inout_ uint8_t *length)",
  getsockopt: "int getsockopt(int fd, int level, int name, _Inout_ uint8_t *value, _Inout_ uint8_t *length)",
  setsockopt: "int setsockopt(int fd, int level, int name, const uint8_t *value, uint32_t length)",
  send: "long send(int fd, const uint8_t *buffer, size_t length, int flags)",
  sendto:
    "long sendto(int fd, const uint8_t *buffer, size_t length, int flags, const uint8_t *address, uint32_t addressLength)",
  // The vectors hold addresses of other memory, see addressOf.
  sendmmsg: "int sendmmsg(int fd, const uint8_t *vector, uint32_t length, int flags)",
  recvmmsg: "int recvmmsg(int fd, uint8_t *vector, uint32_t length, int flags, const uint8_t *timeout)",
  recv: "long recv(int fd, _Out_ uint8_t *buffer, size_t length, int flags)",
  recvmsg: "long recvmsg(int fd, _Inout_ uint8_t *message, int flags)",
  poll: "int poll(_Inout_ uint8_t *descriptors, unsigned long count, int timeout)",
  shutdown: "int shutdown(int fd, int how)",
  openat: "int openat(int folder, const char *path, int flags)",
  read: "long read(int fd, _Out_ uint8_t *buffer, size_t length)",
  close: "int close(int fd)",
  dup3: "int dup3(int from, int to, int flags)",
  fcntl: "int fcntl(int fd, int command, int argument)",
  mknod: "int mknod(const char *path, uint32_t mode, uint64_t device)",
  mkfifo: "int mkfifo(const char *path, uint32_t mode)",
  lsetxattr: "int lsetxattr(const char *path, const char *name, const uint8_t *value, size_t size, int flags)",
  flock: "int flock(int fd, int operation)",
  epoll_create1: "int epoll_create1(int flags)",
  epoll_ctl: "int epoll_ctl(int epfd, int operation, int fd, uint8_t *event)",
  epoll_wait: "int epoll_wait(int epfd, _Out_ uint8_t *events, int count, int timeout)",
  eventfd: "int eventfd(uint32_t initial, int flags)",
  pipe2: "int pipe2(_Out_ uint8_t *ends, int flags)",
  prlimit: "int prlimit(int pid, int resource, const uint8_t *limit, _Out_ uint8_t *former)",
  fanotify_init: "int fanotify_init(uint32_t flags, uint32_t eventFlags)",
  fanotify_mark: "int fanotify_mark(int fd, uint32_t flags, uint64_t mask, int directory, const char *path)",
  accept4: "int accept4(int fd, uint8_t *address, uint8_t *length, int flags)",
  // The C library has these four only since 2.36. Their numbers are the same on every architecture.
  fsopen: "long syscall(long number, const char *type, uint32_t flags)",
  fsmount: "long syscall(long number, int context, uint32_t flags, uint32_t attributes)",
  fspick: "long syscall(long number, int directory, const char *path, uint32_t flags)",
  fsconfig:
    "long syscall(long number, int context, uint32_t command, const char *key, const char *value, int auxiliary)",
  ioctl: "int ioctl(int fd, unsigned long request, _Inout_ uint8_t *argument)",
  bpf: "long syscall(long number, int command, _Inout_ uint8_t *attributes, uint32_t size)",
  quotactl_fd: "long syscall(long number, uint32_t fd, uint32_t command, uint32_t id, _Inout_ uint8_t *argument)",
  waitpid: "int waitpid(int pid, _Out_ uint8_t *status, int options)",
  // The opaque structures of posix_spawn(3) are memory of the caller's, which the C library fills in.
  posix_spawn:
    "int posix_spawn(_Out_ uint8_t *pid, const char *path, const uint8_t *actions, const uint8_t *attributes, const char **argv, const char **environment)",
  posix_spawn_file_actions_init: "int posix_spawn_file_actions_init(_Inout_ uint8_t *actions)",
  posix_spawn_file_actions_destroy: "int posix_spawn_file_actions_destroy(_Inout_ uint8_t *actions)",
  posix_spawn_file_actions_adddup2: "int posix_spawn_file_actions_adddup2(_Inout_ uint8_t *actions, int from, int to)",
  posix_spawn_file_actions_addopen:
    "int posix_spawn_file_actions_addopen(_Inout_ uint8_t *actions, int fd, const char *path, int flags, uint32_t mode)",
  posix_spawnattr_init: "int posix_spawnattr_init(_Inout_ uint8_t *attributes)",
  posix_spawnattr_destroy: "int posix_spawnattr_destroy(_Inout_ uint8_t *attributes)",
  posix_spawnattr_setflags: "int posix_spawnattr_setflags(_Inout_ uint8_t *attributes, short flags)",
  posix_spawnattr_setsigdefault:
    "int posix_spawnattr_setsigdefault(_Inout_ uint8_t *attributes, const uint8_t *signals)",
  posix_spawnattr_setsigmask: "int posix_spawnattr_setsigmask(_Inout_ uint8_t *attributes, const uint8_t *signals)",
} as const;

export type SystemCall = keyof typeof PROTOTYPES;

let library: ReturnType<Koffi["load"]> | undefined;
const calls: Partial<Record<SystemCall, Call>> = {};

function callOf(name: SystemCall): Call {
  let call = calls[name];
  if (call === undefined) {
    koffi ??= load("koffi") as Koffi;
    library ??= koffi.load("libc.so.6");
    call = library.func(PROTOTYPES[name]) as unknown as Call;
    calls[name] = call;
  }
  return call;
}

/**
 * Calls and returns the result without judging it: negative means failure, see {@link lastErrno}.
 * For hot paths and for calls whose failure is a normal answer (EAGAIN).
 */
export function rawCall(name: SystemCall, ...args: readonly Argument[]): number {
  return callOf(name)(...args);
}

/**
 * As {@link rawCall}, on a thread of the pool: for calls that take the kernel long. Not for calls that concern the thread
 * itself, nor for waiting. The errno is not known afterwards. Buffers must stay as they are until it is done.
 */
export function poolCall(name: SystemCall, ...args: readonly Argument[]): Promise<number> {
  return new Promise((resolve, reject) => {
    callOf(name).async(...args, (error, result) => {
      if (error) reject(error);
      else resolve(result);
    });
  });
}

/**
 * Where a buffer's memory is, for structures that point to it. It does not move, but is gone with the buffer: keep that.
 * @param buffer of memory of its own, as `Buffer.alloc` makes it for more than 64 bytes
 */
export function addressOf(buffer: Uint8Array): bigint {
  koffi ??= load("koffi") as Koffi;
  return koffi.address(buffer);
}

/** The errno of the last failed {@link rawCall} on this thread. Read it before anything else runs. */
export function lastErrno(): number {
  return koffi?.errno() ?? 0;
}

/**
 * Calls and checks.
 * @param object what it is about, for the error text
 * @throws {SystemCallError} when the call returns a negative number
 */
export function systemCall(name: SystemCall, object: string, ...args: readonly Argument[]): number {
  const result = callOf(name)(...args);
  if (result < 0) throw new SystemCallError(name, lastErrno(), object);
  return result;
}
