import assert from "node:assert/strict";
import fc from "fast-check";
import { CliError } from "../../../bin/cli/errors.ts";
import { compileTemplate } from "../../../bin/cli/format/template/evaluate.ts";

const DATA = {
  Id: "8f67da5164bb",
  Name: "/web",
  State: { Running: true, ExitCode: 0, Pid: 42 },
  Config: { Cmd: ["httpd", "-f"], Labels: { "com.x": "1", a: "b" }, Env: ["A=1", "B=2"] },
  Ports: { "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "8080" }], "90/udp": null },
  Empty: [],
  Nothing: null,
};

const show = (template: string, data: unknown = DATA) => compileTemplate(template)(data);

/** The results were read off docker inspect -f (28.2). */
const CASES: readonly (readonly [template: string, text: string])[] = [
  ["plain", "plain"],
  ["{{.Name}}", "/web"],
  ["{{ .Name }} {{.State.Pid}}", "/web 42"],
  ["{{.State.Running}}", "true"],
  ["{{json .State}}", '{"Running":true,"ExitCode":0,"Pid":42}'],
  ["{{.Config.Labels}}", "map[a:b com.x:1]"],
  ["{{.Config.Cmd}}", "[httpd -f]"],
  ["{{.Nothing}}", "<no value>"],
  ["{{.Ports}}", "map[80/tcp:[map[HostIp:0.0.0.0 HostPort:8080]] 90/udp:<nil>]"],
  ['{{index .Config.Labels "com.x"}}', "1"],
  ["{{index .Config.Cmd 1}}", "-f"],
  ['{{(index (index .Ports "80/tcp") 0).HostPort}}', "8080"],
  ['{{join .Config.Cmd ","}}', "httpd,-f"],
  ["{{.Config.Cmd | len}} {{len .Name}}", "2 4"],
  ["{{range .Config.Env}}{{println .}}{{end}}", "A=1\nB=2\n"],
  ["{{range $i, $e := .Config.Env}}{{$i}}:{{$e}};{{end}}", "0:A=1;1:B=2;"],
  ["{{range $k, $v := .Config.Labels}}{{$k}}={{$v}} {{end}}", "a=b com.x=1 "],
  ["{{range $e := .Config.Env}}<{{$e}}>{{end}}", "<A=1><B=2>"],
  ["{{range .Empty}}x{{else}}none{{end}}", "none"],
  ["{{range .Nothing}}x{{end}}", ""],
  ["{{range $p, $b := .Ports}}{{$p}}{{range $b}}->{{.HostPort}}{{end}} {{end}}", "80/tcp->8080 90/udp "],
  ["{{if .State.Running}}up{{else}}down{{end}}", "up"],
  ["{{if .Empty}}a{{else if .State.ExitCode}}b{{else}}c{{end}}", "c"],
  ["{{if not .State.Running}}x{{end}}", ""],
  ["{{if and .State.Running (eq .State.ExitCode 0)}}fine{{end}}", "fine"],
  ["{{with .State}}{{.Pid}}{{end}}", "42"],
  ["{{with .Empty}}x{{else}}empty{{end}}", "empty"],
  ["{{$x := .Name}}{{$x}}{{$.Id}}", "/web8f67da5164bb"],
  ['{{printf "%s-%d|%5s|%-5s|%q|%v" .Name .State.Pid "a" "b" "c" .Config.Cmd}}', '/web-42|    a|b    |"c"|[httpd -f]'],
  ["{{upper .Name}} {{lower `ABC`}} {{title `web`}}", "/WEB abc Web"],
  ['{{truncate .Id 4}}|{{pad "x" 1 2}}', "8f67| x  "],
  ['{{split "a:b" ":"}}', "[a b]"],
  ["a {{- .Name -}}  b", "a/webb"],
  ["{{/* a comment */}}x", "x"],
  ['{{"}}"}}', "}}"],
  ["{{.id}} {{.ID}}", "8f67da5164bb 8f67da5164bb"],
  ["{{eq .Name `/web` `x`}} {{ne 1 2}} {{lt 1 2}} {{ge 1 2}}", "true true true false"],
  ["{{or .Empty .Name}}", "/web"],
  ["{{.Nothing.Deeper}}", "<no value>"],
];

describe("templates", () => {
  for (const [template, text] of CASES) it(template, () => assert.equal(show(template), text));

  const REFUSED: readonly (readonly [template: string, message: RegExp])[] = [
    ["{{.Name", /unclosed action/],
    ["{{end}}", /unexpected \{\{end\}\}/],
    ["{{if .Name}}x", /unexpected EOF/],
    ["{{range .Config.Env}}x{{else}}", /unexpected EOF/],
    ["{{nope .Name}}", /function "nope" not defined/],
    ["{{}}", /missing value for command/],
    ["{{.Name | }}", /missing value for command/],
    ["{{(.Name}}", /unclosed left paren/],
    ["{{.Name # }}", /unexpected "#"/],
    ["{{$x}}", /undefined variable "\$x"/],
    ["{{.Nam}}", /map has no entry for key "Nam"\nDid you mean \.Name\?/],
    ["{{.Name.Deeper}}", /can't evaluate field Deeper/],
    ["{{index .Config.Cmd 7}}", /index out of range: 7/],
    ["{{.Constructor}}", /no entry for key "Constructor"/],
    ["{{toString .Name}}", /function "toString" not defined/],
  ];
  for (const [template, message] of REFUSED) {
    it(`refuses ${template}`, () =>
      assert.throws(
        () => show(template),
        (error) => error instanceof CliError && message.test(error.message),
      ));
  }

  it("prints any text without actions as it is", () => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => !text.includes("{{")),
        (text) => assert.equal(show(text), text),
      ),
    );
  });

  it("finds any field, and any string through index", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string(), { minKeys: 1 }), (record) => {
        for (const [key, value] of Object.entries(record)) {
          assert.equal(show(`{{index . ${JSON.stringify(key)}}}`, record), value);
        }
      }),
    );
  });

  it("never fails in another way than by a CliError", () => {
    const word = fc.constantFrom(
      "{{",
      "}}",
      ".A",
      "if ",
      "end",
      "range ",
      "$x",
      ":=",
      "|",
      "(",
      ")",
      '"',
      "`",
      "json ",
      "-",
      " ",
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), (words) => {
        try {
          show(words.join(""), { A: ["x"] });
        } catch (error) {
          assert.ok(error instanceof CliError, String(error));
        }
      }),
      { numRuns: 1000 },
    );
  });
});
