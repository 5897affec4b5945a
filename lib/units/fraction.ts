/** Exact fractions, as people write them. */

export interface Fraction {
  readonly numerator: bigint;
  /** Above 0. */
  readonly denominator: bigint;
}

const QUOTIENT = /^([+-]?)(\w+)\/(\w+)$/;
const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;
const WHOLE = /^([+-]?)(0[xXbBoO]\w+)$/;

/** Powers of ten beyond this are of no use to anybody, and would take memory. */
const LARGEST_EXPONENT = 100;

/**
 * `1/2`, `0.5`, `.5`, `5e-1`, `0x1`: the forms of Go's `big.Rat.SetString` that people write; no `_` between digits and no
 * hexadecimal fractions.
 * @returns undefined for anything else
 */
export function parseFraction(text: string): Fraction | undefined {
  const quotient = QUOTIENT.exec(text);
  if (quotient !== null) return ofQuotient(quotient[1] ?? "", quotient[2] ?? "", quotient[3] ?? "");
  const whole = WHOLE.exec(text);
  if (whole !== null) return ofQuotient(whole[1] ?? "", whole[2] ?? "", "1");
  const decimal = DECIMAL.exec(text);
  if (decimal === null) return undefined;
  const [, sign = "", before = "", after = "", exponent = "0"] = decimal;
  if (before + after === "" || Math.abs(Number(exponent)) > LARGEST_EXPONENT) return undefined;
  const digits = signed(sign, BigInt(before + after));
  const power = Number(exponent) - after.length;
  return power >= 0
    ? { numerator: digits * 10n ** BigInt(power), denominator: 1n }
    : { numerator: digits, denominator: 10n ** BigInt(-power) };
}

function ofQuotient(sign: string, above: string, below: string): Fraction | undefined {
  const [numerator, denominator] = [wholeOf(above), wholeOf(below)];
  if (numerator === undefined || denominator === undefined || denominator === 0n) return undefined;
  return { numerator: signed(sign, numerator), denominator };
}

function wholeOf(text: string): bigint | undefined {
  try {
    return BigInt(text);
  } catch {
    return undefined;
  }
}

const signed = (sign: string, value: bigint): bigint => (sign === "-" ? -value : value);
