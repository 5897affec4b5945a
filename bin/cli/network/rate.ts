/** Rates of data: bits per second, in powers of 1000, as network cards and tc(8) have them. */

const UNITS: Readonly<Record<string, number>> = { bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9, tbit: 1e12 };

/** tc's smallest sensible rate: below it not even one packet of 1500 bytes passes in a second. */
const LEAST = 12_000;

/**
 * `10mbit` → 10 000 000; `none` and `0` are 0: no limit.
 * @throws with what is allowed
 */
export function parseRate(text: string): number {
  const wish = text.trim().toLowerCase();
  if (wish === "none") return 0;
  // `mbps` is refused: it is megabits to some, and megabytes to tc.
  const [, number = "", unit = "bit"] = /^(\d+(?:\.\d+)?)\s*([kmgt]?bit)?(?:\/s)?$/.exec(wish) ?? [];
  const factor = UNITS[unit];
  if (number === "" || factor === undefined) {
    throw new Error("a rate is a number of bits per second with a unit: 500kbit, 10mbit, 1.5gbit, or none");
  }
  const rate = Math.round(Number(number) * factor);
  if (rate !== 0 && rate < LEAST) throw new Error(`the least rate is ${LEAST / 1e3}kbit`);
  if (!Number.isSafeInteger(rate)) throw new Error("the rate is too high");
  return rate;
}

/** `9.84 Mbit/s`; three significant digits. @param rate bits per second */
export function formatRate(rate: number): string {
  const [unit, factor] =
    rate < 1e3 ? ["bit", 1] : rate < 1e6 ? ["kbit", 1e3] : rate < 1e9 ? ["Mbit", 1e6] : ["Gbit", 1e9];
  return `${significant(rate / (factor as number))} ${unit}/s`;
}

const significant = (value: number): string => (value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3))));
