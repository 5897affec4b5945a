/** `npm run bench -- NAME`: measurements side by side with other engines, in one run. Figures go to docs/performance.md. */
const BENCHES: Readonly<Record<string, () => Promise<void>>> = {
  start: async () => (await import("./start.ts")).benchStart(),
  limits: async () => (await import("./limits.ts")).benchLimits(),
  "limits-accuracy": async () => (await import("./limits-accuracy.ts")).benchAccuracy(),
  net: async () => (await import("./net.ts")).benchNet(),
  diagnosis: async () => (await import("./diagnosis.ts")).benchDiagnosis(process.argv.slice(3)),
};

const [name = ""] = process.argv.slice(2);
const bench = BENCHES[name];
if (bench === undefined) {
  console.error(`usage: npm run bench -- ${Object.keys(BENCHES).join("|")}`);
  process.exitCode = 1;
} else await bench();
