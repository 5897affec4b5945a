/** Parts a rule of iptables into its matches and its target, each with its own options. */

export interface Option {
  /** `--dport`, `-s`. */
  readonly name: string;
  readonly inverted: boolean;
  readonly values: readonly string[];
}

export interface RuleParts {
  /** By extension, in order; those of iptables itself come first with the name "". */
  readonly matches: readonly { readonly name: string; readonly options: readonly Option[] }[];
  /** Undefined: the rule only counts. */
  readonly target: { readonly name: string; readonly isGoto: boolean; readonly options: readonly Option[] } | undefined;
}

export function partsOf(words: readonly string[]): RuleParts {
  const matches: { name: string; options: Option[] }[] = [{ name: "", options: [] }];
  let target: { name: string; isGoto: boolean; options: Option[] } | undefined;
  for (const option of readOptions(words)) {
    const [value = ""] = option.values;
    if (option.name === "-m") matches.push({ name: value, options: [] });
    else if (option.name === "-j" || option.name === "-g") {
      target = { name: value, isGoto: option.name === "-g", options: [] };
    } else if (target !== undefined) target.options.push(option);
    else ownerOf(option, matches).options.push(option);
  }
  return { matches, target };
}

/** Short options are iptables' own, wherever they stand. */
function ownerOf<T>({ name }: Option, matches: readonly T[]): T {
  const owner = name.startsWith("--") ? matches.at(-1) : matches[0];
  if (owner === undefined) throw new TypeError("a rule has at least the matches of iptables itself");
  return owner;
}

function readOptions(words: readonly string[]): Option[] {
  const options: { name: string; inverted: boolean; values: string[] }[] = [];
  let inverted = false;
  for (const word of words) {
    if (word === "!") {
      inverted = true;
    } else if (/^--?[A-Za-z]/.test(word)) {
      options.push({ name: word, inverted, values: [] });
      inverted = false;
    } else options.at(-1)?.values.push(word);
  }
  return options;
}
