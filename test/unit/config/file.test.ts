import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { parseConfig, readConfigFile } from "../../../lib/config/file.ts";
import { boolean, listOf, oneOf, text, wholeNumber } from "../../../lib/config/settings.ts";
import { CtrError } from "../../../lib/errors.ts";

const SCHEMA = {
  name: text(),
  even: text("a word of even length", (value) => {
    if (value.length % 2 === 1) throw new Error(`"${value}" has ${value.length} letters`);
  }),
  mtu: wholeNumber(68, 65535),
  debug: boolean,
  level: oneOf(["debug", "info"]),
  dns: listOf(text(), "a list of strings"),
};

const parse = (content: string) => parseConfig(content, "daemon.json", SCHEMA);

describe("a configuration file", () => {
  it("gives the values of its keys", () => {
    const values = parse('{"name": "a", "even": "ab", "mtu": 1500, "debug": true, "level": "info", "dns": ["1", "2"]}');
    assert.deepEqual(values, { name: "a", even: "ab", mtu: 1500, debug: true, level: "info", dns: ["1", "2"] });
    assert.deepEqual(parse("{}"), {});
  });

  const FAULTS: readonly (readonly [content: string, message: string | RegExp, hint?: string | RegExp])[] = [
    ['{\n  "nmae": "x"\n}', 'daemon.json:2:3: unknown key "nmae"', 'did you mean "name"?'],
    ['{"quite-different": 1}', 'daemon.json:1:2: unknown key "quite-different"', /^the keys are: debug, dns, even/],
    ['{\n  "name": "a",\n  "mtu": 10\n}', 'daemon.json:3:10: "mtu" must be a whole number from 68 to 65535, not 10'],
    ['{"mtu": "1500"}', 'daemon.json:1:9: "mtu" must be a whole number from 68 to 65535, not "1500"'],
    ['{"mtu": 1500.5}', /"mtu" must be a whole number/],
    ['{"debug": "yes"}', 'daemon.json:1:11: "debug" must be true or false, not "yes"'],
    ['{"level": "loud"}', 'daemon.json:1:11: "level" must be one of "debug", "info", not "loud"'],
    ['{"dns": "1.1.1.1"}', 'daemon.json:1:9: "dns" must be a list of strings, not "1.1.1.1"'],
    ['{"dns": [1]}', 'daemon.json:1:9: "dns" must be a list of strings, not [1]'],
    ['{"even": "abc"}', 'daemon.json:1:10: "even" must be a word of even length: "abc" has 3 letters'],
    ['{"name": null}', 'daemon.json:1:10: "name" must be a string, not null'],
    ['{"name": "a",\n "name": "b"}', "daemon.json:2:2: this key is there twice"],
    ["[]", 'daemon.json: the file must hold one JSON object, { "key": value, … }'],
    ["null", /must hold one JSON object/],
    ['{"name": "a",}', /^daemon\.json: this is not JSON: .*line 1 column 14/, /jq/],
    ["name: a", /^daemon\.json: this is not JSON: /],
    ['{"constructor": "x"}', 'daemon.json:1:2: unknown key "constructor"'],
  ];
  for (const [content, message, hint] of FAULTS) {
    it(`is refused: ${content.replaceAll("\n", " ")}`, () =>
      assert.throws(
        () => parse(content),
        (error) => {
          assert.ok(error instanceof CtrError);
          assert.equal(error.code, "CTR_CONFIG_INVALID");
          if (typeof message === "string") assert.equal(error.message, message);
          else assert.match(error.message, message);
          if (typeof hint === "string") assert.equal(error.hint, hint);
          else if (hint !== undefined) assert.match(error.hint ?? "", hint);
          return true;
        },
      ));
  }

  it("never fails in another way", () => {
    const word = fc.constantFrom("{", "}", '"name"', '"mtu"', ":", ",", "1", "[", "]", '"x"', "\n", "#", "- ");
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.array(word).map((words) => words.join("")),
        ),
        (content) => {
          try {
            parse(content);
          } catch (error) {
            assert.ok(error instanceof CtrError, `${content}: ${String(error)}`);
          }
        },
      ),
    );
  });

  it("gives back every valid file", () => {
    const settings = fc.record(
      { name: fc.string(), mtu: fc.integer({ min: 68, max: 65535 }), debug: fc.boolean(), dns: fc.array(fc.string()) },
      { requiredKeys: [] },
    );
    fc.assert(fc.property(settings, (values) => assert.deepEqual(parse(JSON.stringify(values)), { ...values })));
  });

  describe("on disk", () => {
    let directory: string;
    before(() => {
      directory = mkdtempSync(join(tmpdir(), "ctr-config-"));
    });
    after(() => rmSync(directory, { recursive: true }));

    it("may be missing when it is the default, and empty", () => {
      const path = join(directory, "daemon.json");
      assert.deepEqual(readConfigFile(path, SCHEMA, true), {});
      assert.throws(() => readConfigFile(path, SCHEMA, false), { code: "CTR_CONFIG_INVALID", message: /ENOENT/ });
      writeFileSync(path, "\n");
      assert.deepEqual(readConfigFile(path, SCHEMA, false), {});
      writeFileSync(path, '{"name": "a"}');
      assert.deepEqual(readConfigFile(path, SCHEMA, true), { name: "a" });
    });

    it("must be a file that can be read", () => {
      assert.throws(() => readConfigFile(directory, SCHEMA, true), { code: "CTR_CONFIG_INVALID", message: /EISDIR/ });
    });
  });
});
