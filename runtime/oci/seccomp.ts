/**
 * Seccomp filters. A profile in the format of Docker and containers (`/usr/share/containers/seccomp.json`) holds rules with
 * conditions: capabilities that the container has or has not, architectures, the least kernel. {@link SeccompProfile} keeps
 * those whose conditions hold and gives the `linux.seccomp` of the OCI specification.
 */
import { invalid, messageOf } from "../../lib/errors.ts";
import type { OciSeccomp, OciSeccompArgument, OciSeccompRule } from "./spec.ts";

/** What the conditions of a profile are judged by. */
export interface SeccompTarget {
  /** Bounding set of the container. */
  readonly capabilities: readonly string[];
  /** Node's name: `x64`, `arm64` … */
  readonly architecture: string;
  /** Release of the kernel: `6.1.0-18-amd64`. */
  readonly kernel: string;
}

interface Conditions {
  readonly caps?: readonly string[] | null;
  readonly arches?: readonly string[] | null;
  readonly minKernel?: string | null;
}

interface ProfileRule {
  readonly name?: string;
  readonly names?: readonly string[] | null;
  readonly action: string;
  readonly errnoRet?: number | null;
  readonly args?: readonly OciSeccompArgument[] | null;
  readonly includes?: Conditions | null;
  readonly excludes?: Conditions | null;
}

interface ProfileDocument {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number | null;
  readonly architectures?: readonly string[] | null;
  readonly archMap?: readonly { readonly architecture: string; readonly subArchitectures?: readonly string[] }[] | null;
  readonly flags?: readonly string[] | null;
  readonly syscalls?: readonly ProfileRule[] | null;
}

/** Node's names of architectures → the profile's, and libseccomp's. */
const ARCHITECTURES: Readonly<Record<string, { readonly native: string; readonly seccomp: string }>> = {
  x64: { native: "amd64", seccomp: "SCMP_ARCH_X86_64" },
  ia32: { native: "x86", seccomp: "SCMP_ARCH_X86" },
  arm64: { native: "arm64", seccomp: "SCMP_ARCH_AARCH64" },
  arm: { native: "arm", seccomp: "SCMP_ARCH_ARM" },
  loong64: { native: "loongarch64", seccomp: "SCMP_ARCH_LOONGARCH64" },
  ppc64: { native: "ppc64le", seccomp: "SCMP_ARCH_PPC64LE" },
  riscv64: { native: "riscv64", seccomp: "SCMP_ARCH_RISCV64" },
  s390x: { native: "s390x", seccomp: "SCMP_ARCH_S390X" },
};

export class SeccompProfile {
  readonly #document: ProfileDocument;
  /** Filters by what they depend on: most containers have the same capabilities. */
  readonly #filters = new Map<string, OciSeccomp>();

  private constructor(document: ProfileDocument) {
    this.#document = document;
  }

  /** @throws `invalid` with Docker's text when it is no profile */
  static parse(text: string): SeccompProfile {
    return new SeccompProfile(parseDocument(text));
  }

  /** The filter for a container. The same object for the same target. */
  filterFor(target: SeccompTarget): OciSeccomp {
    const key = [target.architecture, target.kernel, ...target.capabilities].join();
    let filter = this.#filters.get(key);
    if (filter === undefined) {
      filter = filterOf(this.#document, target);
      this.#filters.set(key, filter);
    }
    return filter;
  }
}

function filterOf(document: ProfileDocument, target: SeccompTarget): OciSeccomp {
  const architectures = architecturesOf(document, target.architecture);
  return {
    defaultAction: document.defaultAction,
    ...(document.defaultErrnoRet == null ? {} : { defaultErrnoRet: document.defaultErrnoRet }),
    ...(architectures.length === 0 ? {} : { architectures }),
    ...(document.flags == null ? {} : { flags: document.flags }),
    syscalls: (document.syscalls ?? []).filter((rule) => applies(rule, target)).map(ociRule),
  };
}

function architecturesOf({ architectures, archMap }: ProfileDocument, node: string): readonly string[] {
  if (architectures != null && architectures.length > 0) return architectures;
  const own = (archMap ?? []).find(({ architecture }) => architecture === ARCHITECTURES[node]?.seccomp);
  return own === undefined ? [] : [own.architecture, ...(own.subArchitectures ?? [])];
}

function applies({ includes, excludes }: ProfileRule, { capabilities, architecture, kernel }: SeccompTarget): boolean {
  const native = ARCHITECTURES[architecture]?.native ?? architecture;
  const has = (name: string): boolean => capabilities.includes(name);
  if (excludes?.arches?.includes(native)) return false;
  if (excludes?.caps?.some(has)) return false;
  if (excludes?.minKernel && isAtLeast(kernel, excludes.minKernel)) return false;
  if (includes?.arches?.length && !includes.arches.includes(native)) return false;
  if (includes?.caps && !includes.caps.every(has)) return false;
  return !(includes?.minKernel && !isAtLeast(kernel, includes.minKernel));
}

const ociRule = ({ name, names, action, errnoRet, args }: ProfileRule): OciSeccompRule => ({
  names: name ? [name] : (names ?? []),
  action,
  ...(errnoRet == null ? {} : { errnoRet }),
  ...(args == null || args.length === 0 ? {} : { args }),
});

/** Compares `major.minor`, which is all that a profile names. */
function isAtLeast(release: string, least: string): boolean {
  const [major = 0, minor = 0] = release.split(/[.-]/).map(Number);
  const [leastMajor = 0, leastMinor = 0] = least.split(".").map(Number);
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}

function parseDocument(text: string): ProfileDocument {
  const document = parseJson(text);
  if (document === null || typeof document !== "object" || Array.isArray(document)) throw failure("it is no object");
  const { defaultAction, syscalls, architectures, archMap } = document as Partial<ProfileDocument>;
  if (typeof defaultAction !== "string") throw failure("it has no defaultAction");
  if (syscalls != null && !Array.isArray(syscalls)) throw failure("its syscalls are no list");
  if (architectures?.length && archMap?.length) {
    throw invalid(
      "both 'architectures' and 'archMap' are specified in the seccomp profile, use either 'architectures' or 'archMap'",
      CODE,
    );
  }
  for (const rule of syscalls ?? []) checkRule(rule);
  return document as ProfileDocument;
}

function checkRule({ name, names, action, args }: ProfileRule): void {
  if (name && names?.length) {
    throw invalid("both 'name' and 'names' are specified in the seccomp profile, use either 'name' or 'names'", CODE);
  }
  if (typeof action !== "string") throw failure(`the rule for ${name ?? names?.join()} has no action`);
  for (const { value, valueTwo = 0 } of args ?? []) {
    if (Number.isSafeInteger(value) && Number.isSafeInteger(valueTwo)) continue;
    throw failure(`the rule for ${name ?? names?.join()} compares with a number above 2^53`);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw failure(messageOf(error));
  }
}

const CODE = "CTR_SECCOMP_PROFILE_INVALID";

const failure = (reason: string): Error => invalid(`Decoding seccomp profile failed: ${reason}`, CODE);
