import assert from "node:assert/strict";
import fc from "fast-check";
import { FlagError } from "../../../bin/flags/errors.ts";
import { bytes, integer, list, text, toggle } from "../../../bin/flags/options.ts";
import { parseFlags } from "../../../bin/flags/parse.ts";

const OPTIONS = {
  detach: toggle({ short: "d", help: "" }),
  interactive: toggle({ short: "i", help: "" }),
  tty: toggle({ short: "t", help: "" }),
  proxy: toggle({ help: "", initial: true }),
  publish: list({ short: "p", help: "" }),
  env: list({ short: "e", help: "" }),
  name: text({ help: "" }),
  network: text({ aliases: ["net"], help: "" }),
  memory: bytes({ short: "m", help: "" }),
  pids: integer({ help: "" }),
};

const parse = (...argv: readonly string[]) => parseFlags(argv, OPTIONS, { interspersed: false });
const SIZE_HINT = "write a number with a unit: 512k, 64m, 1.5g";

const refuses = (argv: readonly string[], message: string, hint?: string) =>
  assert.throws(
    () => parse(...argv),
    (error) => error instanceof FlagError && error.message === message && error.hint === hint,
    message,
  );

describe("parseFlags", () => {
  it("reads a value as the next word, behind =, and behind its letter", () => {
    for (const argv of [["-p", "80:80"], ["-p80:80"], ["-p=80:80"], ["--publish", "80:80"], ["--publish=80:80"]]) {
      assert.deepEqual(parse(...argv, "image").values.publish, ["80:80"], argv.join(" "));
    }
  });

  it("reads switches together, the last may take a value", () => {
    const { values, operands } = parse("-ditp", "80", "image");
    assert.deepEqual([values.detach, values.interactive, values.tty, values.publish], [true, true, true, ["80"]]);
    assert.deepEqual(operands, ["image"]);
    assert.deepEqual(parse("-dp80").values.publish, ["80"]);
  });

  it("keeps = inside a value, and an empty value", () => {
    assert.deepEqual(parse("-e", "A=b=c", "--env=X=", "-e=Y=1").values.env, ["A=b=c", "X=", "Y=1"]);
    assert.equal(parse("--name=").values.name, "");
    assert.equal(parse("--name", "").values.name, "");
  });

  it("takes a word that looks like a flag for a value where one is due", () => {
    assert.equal(parse("--name", "--detach").values.name, "--detach");
    assert.deepEqual(parse("-p", "-d").values.publish, ["-d"]);
  });

  it("leaves everything after the first operand to the command", () => {
    const { values, operands } = parse("-d", "image", "-t", "--name", "x", "--");
    assert.deepEqual([values.detach, values.tty, values.name], [true, false, undefined]);
    assert.deepEqual(operands, ["image", "-t", "--name", "x", "--"]);
  });

  it("takes options after operands where the command allows it", () => {
    const { values, operands } = parseFlags(["a", "-d", "b"], OPTIONS, { interspersed: true });
    assert.deepEqual([values.detach, operands], [true, ["a", "b"]]);
  });

  it("ends the options at --, and takes - for an operand", () => {
    assert.deepEqual(parse("--", "-d").operands, ["-d"]);
    assert.deepEqual(parse("-", "x").operands, ["-", "x"]);
  });

  it("sets and unsets switches by value", () => {
    assert.equal(parse("--proxy=false").values.proxy, false);
    assert.equal(parse("-d=0").values.detach, false);
    assert.equal(parse("--proxy").values.proxy, true);
    // A switch takes no next word.
    assert.deepEqual(parse("--detach", "false").operands, ["false"]);
  });

  it("counts the last of several single values, and collects lists", () => {
    const { values, given } = parse("--name", "a", "--name", "b", "-e", "1", "-e", "2", "--net", "host");
    assert.deepEqual([values.name, values.env, values.network], ["b", ["1", "2"], "host"]);
    assert.deepEqual([...given].sort(), ["env", "name", "network"]);
  });

  it("stops at --help, and at -h where it means nothing else", () => {
    assert.equal(parse("-d", "--help", "--nonsense").help, true);
    assert.equal(parse("-h").help, true);
    const own = { host: text({ short: "h", help: "" }) };
    assert.equal(parseFlags(["-h", "x"], own, { interspersed: true }).values.host, "x");
  });

  it("refuses with the words of pflag", () => {
    refuses(["--nope"], "unknown flag: --nope");
    refuses(["--nope=1"], "unknown flag: --nope");
    refuses(["-z"], "unknown shorthand flag: 'z' in -z");
    refuses(["-dzt"], "unknown shorthand flag: 'z' in -zt");
    refuses(["-m"], "flag needs an argument: 'm' in -m");
    refuses(["-dm"], "flag needs an argument: 'm' in -m");
    refuses(["--name"], "flag needs an argument: --name");
    refuses(["--=x"], "bad flag syntax: --=x");
    refuses(["---"], "bad flag syntax: ---");
    refuses(["-m", "abc"], `invalid argument "abc" for "-m, --memory" flag: invalid size: 'abc'`, SIZE_HINT);
    refuses(["--pids", "x"], `invalid argument "x" for "--pids" flag: strconv.ParseInt: parsing "x": invalid syntax`);
    refuses(["-d=x"], `invalid argument "x" for "-d, --detach" flag: strconv.ParseBool: parsing "x": invalid syntax`);
  });

  it("suggests the flag that was meant", () => {
    refuses(["--detatch"], "unknown flag: --detatch", "Did you mean --detach?");
    refuses(["--memroy", "1"], "unknown flag: --memroy", "Did you mean --memory?");
  });

  it("reads back any values in any way of writing them", () => {
    const style = fc.constantFrom("short", "joined", "equals", "long", "long equals");
    const option = fc.tuple(fc.constantFrom("p" as const, "e" as const), fc.string(), style);
    fc.assert(
      fc.property(fc.array(option), fc.array(fc.string()), (options, rest) => {
        const argv = options.flatMap(([letter, value, how]) => write(letter, value, how));
        const { values, operands } = parse(...argv, "image", ...rest);
        const given = (letter: string) => options.filter(([one]) => one === letter).map(([, value]) => value);
        assert.deepEqual([values.publish, values.env], [given("p"), given("e")]);
        assert.deepEqual(operands, ["image", ...rest]);
      }),
    );
  });

  it("never fails in another way than by a FlagError", () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom("-d", "-p", "--", "-", "--name", "-m", "--help", "-dit", "--net="),
    );
    fc.assert(
      fc.property(fc.array(word), (argv) => {
        try {
          parse(...argv);
        } catch (error) {
          assert.ok(error instanceof FlagError, String(error));
        }
      }),
    );
  });
});

function write(letter: "p" | "e", value: string, style: string): string[] {
  const name = letter === "p" ? "publish" : "env";
  // An empty value has no joined form, and one that begins with = would lose it.
  if (style === "joined" && value !== "" && !value.startsWith("=")) return [`-${letter}${value}`];
  if (style === "equals") return [`-${letter}=${value}`];
  if (style === "long") return [`--${name}`, value];
  if (style === "long equals") return [`--${name}=${value}`];
  return [`-${letter}`, value];
}
