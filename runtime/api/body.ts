/** Reads JSON bodies of requests, as strictly as Docker does. */
import type { IncomingMessage } from "node:http";
import { invalid, messageOf } from "../../lib/errors.ts";

/** Bytes. Bodies of create requests are some kilobytes; nothing that is sent as JSON comes near this. */
const MAX_BODY_SIZE = 4 * 2 ** 20;

/**
 * @returns the value; undefined for an empty body
 * @throws `invalid`, with Docker's texts, for another content type, a body that is too long, or what is no JSON
 */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const { "content-type": contentType, "content-length": length } = request.headers;
  const mayHaveBody = length !== undefined ? length !== "0" : "transfer-encoding" in request.headers;
  if (contentType !== undefined) checkContentType(contentType);
  else if (mayHaveBody) throw invalid("malformed Content-Type header (): mime: no media type", "CTR_API_CONTENT_TYPE");
  if (!mayHaveBody) return undefined;
  const text = await readText(request);
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(faultOf(messageOf(error), text), { code: "CTR_API_BODY_INVALID", cause: error });
  }
}

/** What V8 says of JSON that it cannot parse, and what Docker says of the same. V8's own words where it has no pair. */
const FAULTS: readonly (readonly [RegExp, string])[] = [
  [/^Expected (?:property name|double-quoted property name)/, "looking for beginning of object key string"],
  [/^Expected ':'/, "after object key"],
  [/^Expected ',' or '\}'/, "after object key:value pair"],
  [/^Expected ',' or '\]'/, "after array element"],
];

function faultOf(said: string, text: string): string {
  if (/^Unexpected non-whitespace character after JSON/.test(said)) return "unexpected content after JSON";
  if (/^(?:Unexpected end of JSON|Unterminated string)/.test(said)) return "invalid JSON: unexpected EOF";
  const place = / at position (\d+)/.exec(said)?.[1];
  const what = FAULTS.find(([words]) => words.test(said))?.[1];
  if (what === undefined || place === undefined) return `invalid JSON: ${said}`;
  const character = text.slice(Number(place), Number(place) + 1);
  return `invalid JSON: ${character === "" ? "unexpected EOF" : `invalid character '${character}' ${what}`}`;
}

function checkContentType(header: string): void {
  const type = header.split(";", 1)[0]?.trim().toLowerCase();
  if (type === "application/json") return;
  throw invalid(`unsupported Content-Type header (${header}): must be 'application/json'`, "CTR_API_CONTENT_TYPE");
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  // The connection outlives the body: the answer is still to be given on it.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    // What is too long is read to its end: a client reads no answer before it has sent everything.
    if (size <= MAX_BODY_SIZE) chunks.push(chunk);
  }
  if (size > MAX_BODY_SIZE) throw invalid("http: request body too large", "CTR_API_BODY_TOO_LARGE");
  return Buffer.concat(chunks).toString();
}
