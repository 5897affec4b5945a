/**
 * The programs at both ends of the paths that faults are injected into. Runs in containers and in namespaces:
 *   serve LISTENERS                      JSON, an array of {@link Listener}
 *   names ZONE ADDRESS                   a name server; ZONE is a file with a JSON {@link Zone}, read anew for each question
 *   ask QUESTION                         JSON {@link Question}; prints the answer, an error's code (`ECONNREFUSED`), or `silence`
 *   hold ADDRESS PORT COUNT [PAUSE]      opens connections, keeps them, prints `ready`
 *   flood ADDRESS PORT SIZE              sends datagrams for ever, one a millisecond
 */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { connect, createServer, isIPv6, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

export interface Listener {
  readonly protocol: "tcp" | "udp";
  readonly address: string;
  readonly port: number;
  readonly backlog?: number;
  /** It listens, and never takes a connection or a datagram: the whole process stands still. */
  readonly deaf?: boolean;
  /** Where it writes its process id to when all listeners are there. */
  readonly pidFile?: string;
}

export interface Question {
  readonly protocol: "tcp" | "udp";
  /** An address, or a name that is looked up as programs do. */
  readonly address: string;
  readonly port: number;
  /** Milliseconds in all. */
  readonly patience: number;
  /** Bytes that are sent beyond the question, or asked for. */
  readonly size?: number;
  readonly sourcePort?: number;
  readonly family?: 4 | 6;
}

export interface Zone {
  /** Name → addresses of both families. */
  readonly names: Readonly<Record<string, readonly string[]>>;
  /** `silent` answers nothing; `truncated` asks for TCP each time; `slow` answers after three seconds. */
  readonly mood?: "silent" | "truncated" | "slow";
}

const plain = (address = ""): string => address.replace(/^::ffff:/, "");
const family = (address: string): "udp4" | "udp6" => (isIPv6(address) ? "udp6" : "udp4");

async function serve(listeners: readonly Listener[]): Promise<void> {
  for (const listener of listeners) await (listener.protocol === "tcp" ? serveTcp(listener) : serveUdp(listener));
  for (const { pidFile } of listeners) if (pidFile !== undefined) writeFileSync(pidFile, String(process.pid));
  console.log("ready");
  if (listeners.some(({ deaf }) => deaf === true)) {
    await delay(50);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }
}

/** `who` is answered with the client's address, `push N` once N bytes have come, `pull N` with N bytes. */
async function serveTcp({ address, port, backlog = 128 }: Listener): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    let head = "";
    let received = 0;
    socket.on("data", (chunk: Buffer) => {
      if (!head.includes("\n")) head += chunk.toString("latin1");
      received += chunk.length;
      const [, verb = "", size = "0"] = /^(who|push|pull) ?(\d*)\n/.exec(head) ?? [];
      if (verb === "who") socket.end(`saw ${plain(socket.remoteAddress)}`);
      else if (verb === "pull") socket.end("x".repeat(Number(size)));
      else if (verb === "push" && received >= Number(size)) socket.end(`got ${size}`);
    });
    socket.on("end", () => socket.end());
  });
  await once(server.listen({ port, host: address, backlog }), "listening");
}

/** Sends datagrams back as they came. */
async function serveUdp({ address, port }: Listener): Promise<void> {
  const socket = createSocket(family(address));
  socket.on("message", (message, from) => socket.send(message, from.port, from.address));
  socket.on("error", () => {});
  socket.bind(port, address);
  await once(socket, "listening");
}

async function ask(question: Question): Promise<string> {
  const deadline = delay(question.patience).then(() => "silence");
  const answer = question.protocol === "udp" ? askUdp(question) : askTcp(question);
  return Promise.race([answer.catch((error: NodeJS.ErrnoException) => String(error.code)), deadline]);
}

async function askTcp({ address, port, size, family, sourcePort }: Question): Promise<string> {
  const socket = connect({
    port,
    host: address,
    autoSelectFamily: false,
    ...(family === undefined ? {} : { family }),
    ...(sourcePort === undefined ? {} : { localPort: sourcePort }),
  });
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(socket, "connect");
  if (size === undefined) socket.write("who\n");
  else {
    socket.write(`push ${size}\n`);
    socket.write("x".repeat(size));
  }
  await once(socket, "end");
  const text = Buffer.concat(chunks).toString();
  return text === "" ? "closed" : text;
}

async function askUdp({ address, port, size = 0, sourcePort }: Question): Promise<string> {
  const socket = createSocket(family(address));
  if (sourcePort !== undefined) {
    socket.bind(sourcePort);
    await once(socket, "listening");
  }
  // Connected, so that an answer from another address than the one asked is not taken.
  socket.connect(port, address);
  await once(socket, "connect");
  socket.send(`who${"x".repeat(size)}`);
  const [answer] = (await once(socket, "message")) as [Buffer];
  return `echo ${answer.length}`;
}

async function hold(address: string, port: number, count: number, pause: number): Promise<void> {
  const sockets: Socket[] = [];
  for (let index = 0; index < count; index++) {
    const socket = connect({ host: address, port, autoSelectFamily: false });
    socket.on("error", () => {});
    sockets.push(socket);
    await Promise.race([once(socket, "connect"), delay(pause)]).catch(() => {});
  }
  console.log("ready");
  await delay(3_600_000);
}

async function flood(address: string, port: number, size: number): Promise<void> {
  const socket = createSocket(family(address));
  socket.on("error", () => {});
  const message = Buffer.alloc(size);
  console.log("ready");
  for (;;) {
    for (let index = 0; index < 20; index++) socket.send(message, port, address, () => {});
    await delay(5);
  }
}

async function nameServer(zoneFile: string, address: string): Promise<void> {
  const zone = (): Zone => JSON.parse(readFileSync(zoneFile, "utf8")) as Zone;
  const udp = createSocket(family(address));
  udp.on("error", () => {});
  udp.on("message", async (query, from) => {
    const { mood } = zone();
    if (mood === "silent") return;
    if (mood === "slow") await delay(3000);
    udp.send(answerTo(query, zone(), mood === "truncated"), from.port, from.address);
  });
  udp.bind(53, address);
  await once(udp, "listening");
  const tcp = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      const { mood } = zone();
      if (mood === "silent") return;
      const answer = answerTo(chunk.subarray(2), zone(), false);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(answer.length);
      socket.write(Buffer.concat([length, answer]));
    });
  });
  await once(tcp.listen(53, address), "listening");
  console.log("ready");
}

const TYPE_A = 1;
const TYPE_AAAA = 28;

/** See RFC 1035, 4.1. */
function answerTo(query: Buffer, { names }: Zone, truncated: boolean): Buffer {
  const { name, end } = readName(query);
  const type = query.readUInt16BE(end);
  const question = query.subarray(12, end + 4);
  const addresses = names[name.toLowerCase()];
  const wanted = (addresses ?? []).filter((address) => type === (isIPv6(address) ? TYPE_AAAA : TYPE_A));
  const answers = truncated ? [] : wanted.map((address) => record(type, address));
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  const missing = addresses === undefined ? 3 : 0;
  header.writeUInt16BE(0x8580 | (truncated ? 0x0200 : 0) | missing, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answers.length, 6);
  return Buffer.concat([header, question, ...answers]);
}

function readName(message: Buffer): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString("latin1", at + 1, at + 1 + length));
    at += length + 1;
  }
  return { name: labels.join("."), end: at + 1 };
}

function record(type: number, address: string): Buffer {
  const data = type === TYPE_A ? Buffer.from(address.split(".").map(Number)) : bytes6(address);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  // Nobody keeps the answer: each question is to be asked anew.
  head.writeUInt32BE(0, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function bytes6(address: string): Buffer {
  const [head = "", tail = ""] = address.split("::");
  const groups = (text: string): number[] =>
    text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
  const [first, last] = [groups(head), groups(tail)];
  const all = [...first, ...new Array<number>(8 - first.length - last.length).fill(0), ...last];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

const [verb = "", ...rest] = process.argv.slice(2);
const [one = "", two = "", three = "", four = "300"] = rest;
if (verb === "serve") await serve(JSON.parse(one) as Listener[]);
else if (verb === "names") await nameServer(one, two);
else if (verb === "hold") await hold(one, Number(two), Number(three), Number(four));
else if (verb === "flood") await flood(one, Number(two), Number(three));
else if (verb === "ask") {
  console.log(await ask(JSON.parse(one) as Question));
  process.exit();
}
