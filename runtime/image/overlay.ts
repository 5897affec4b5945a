/** Mounting an overlay of any number of layers (kernel: overlayfs.rst). */
import { closeSync, constants, openSync } from "node:fs";
import { mount } from "../../lib/system/mount.ts";

export interface Overlay {
  /** Topmost first; at least one. */
  readonly lower: readonly string[];
  readonly upper: string;
  readonly work: string;
  /** Existing directory. */
  readonly target: string;
}

/** mount(2) takes one page of options, with the zero at its end. */
const OPTIONS_MAXIMUM = 4095;
const SEPARATORS = /[,:\\]/;

/** @throws {SystemCallError} */
export function mountOverlay(overlay: Overlay): void {
  const options = optionsOf(overlay);
  const { lower, upper, work } = overlay;
  if (options.length <= OPTIONS_MAXIMUM && ![...lower, upper, work].some((path) => SEPARATORS.test(path))) {
    mountWith(overlay, options);
  } else {
    mountByDescriptors(overlay);
  }
}

/** Through open directories, whose names are short and without separators: `/proc/self/fd/27`. */
function mountByDescriptors({ lower, upper, work, target }: Overlay): void {
  using open = new DisposableStack();
  const short = (path: string): string => {
    const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
    open.defer(() => closeSync(fd));
    return `/proc/self/fd/${fd}`;
  };
  const overlay = { lower: lower.map(short), upper: short(upper), work: short(work), target };
  mountWith(overlay, optionsOf(overlay));
}

const optionsOf = ({ lower, upper, work }: Overlay): string =>
  `lowerdir=${lower.join(":")},upperdir=${upper},workdir=${work}`;

function mountWith({ target }: Overlay, options: string): void {
  mount({ source: "overlay", target, type: "overlay", options });
}
