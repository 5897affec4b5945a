/** Which of an index's images suits a host. Names are Go's: `amd64`, `arm64`, `arm` with variants `v5` … `v8`. */
import type { Platform } from "../types.ts";

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386", ppc64: "ppc64le" };

/** The platform of this machine. Node does not tell 32-bit ARM versions apart; v7 is what it itself needs. */
export function hostPlatform(): Platform {
  const architecture = ARCHITECTURES[process.arch] ?? process.arch;
  return { os: "linux", architecture, ...(architecture === "arm" ? { variant: "v7" } : {}) };
}

/** `linux/arm/v7` */
export function platformString({ os, architecture, variant }: Platform): string {
  return variant === undefined ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`;
}

/**
 * The candidate that suits best, or undefined. A 32-bit ARM host also runs lower variants, the highest is best; no
 * variant means v8 on arm64, v7 on arm and v1 on amd64 (containerd's rules).
 */
export function choosePlatform<T extends { readonly platform?: Platform | undefined }>(
  candidates: readonly T[],
  wanted: Platform,
): T | undefined {
  const limit = variantOf(wanted);
  let best: T | undefined;
  let bestVariant = -1;
  for (const candidate of candidates) {
    const { platform } = candidate;
    if (platform?.os !== wanted.os || platform.architecture !== wanted.architecture) continue;
    const variant = variantOf(platform);
    if (variant > limit || variant <= bestVariant) continue;
    best = candidate;
    bestVariant = variant;
  }
  return best;
}

const DEFAULT_VARIANTS: Readonly<Record<string, number>> = { arm64: 8, arm: 7, amd64: 1 };

function variantOf({ architecture, variant }: Platform): number {
  const number = Number(variant?.replace(/^v/, "") || Number.NaN);
  return Number.isFinite(number) ? number : (DEFAULT_VARIANTS[architecture] ?? 0);
}
