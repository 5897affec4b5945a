/** The map as a drawing: networks on the left, containers on the right, their cables between. */
import type { GrantRow, MapNetwork } from "../client/network-types.ts";
import { besideText, type Overlay, type OverlayStop, overlayText, stopsBeside } from "./overlay.ts";
import { addressesOf, type Cable, networkWords, type PlacedContainer, type Topology } from "./topology.ts";

/** Pixels. */
const MARGIN = 30;
const GAP = 18;
const LINE = 18;
const PADDING = 12;
const CHARACTER = 7.3;
const NARROWEST_BOX = 150;
const CABLE_ROOM = 220;
/** Beside the boxes, for what is opened between two of one side. */
const OPENING_ROOM = 120;

/** Told apart also by people who do not see all colours (Okabe and Ito). */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00"];
const GREY = "#444";

interface Line {
  readonly text: string;
  readonly colour: string;
}

interface Content {
  readonly id: string;
  /** The name first. */
  readonly lines: readonly Line[];
  readonly colour: string;
  readonly stopped: boolean;
}

interface Box extends Content {
  readonly side: "left" | "right";
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** @param overlay a packet's way, which is drawn over the cables */
export function mapSvg(topology: Topology, overlay?: Overlay): string {
  const networks = topology.networks.filter(isShown);
  const { containers, cables, grants } = topology;
  const colours = new Map(networks.map(({ Id }, index) => [Id, COLOURS[index % COLOURS.length] ?? GREY]));
  const left = MARGIN + (grants.length > 0 ? OPENING_ROOM : 0);
  const networkBoxes = stack("left", left, [
    ...networks.map((network) => networkContent(network, colours)),
    ...(overlay === undefined ? [] : stopsBeside(overlay).map(besideContent)),
  ]);
  const right = left + widthOf(networkBoxes) + CABLE_ROOM;
  const contents = containers.map((container) => containerContent(container, { containers, cables, colours }));
  const containerBoxes = stack("right", right, contents);
  const boxes = new Map([...networkBoxes, ...containerBoxes].map((box) => [box.id, box]));
  const parts = [
    ...cables.flatMap((cable) => drawCable(cable, cables, boxes)),
    ...[...boxes.values()].map(drawBox),
    ...grants.flatMap((grant) => drawOpening(grant, boxes)),
  ];
  const width = right + widthOf(containerBoxes) + (grants.length > 0 ? OPENING_ROOM : 0) + MARGIN;
  const bottom = Math.max(bottomOf(networkBoxes), bottomOf(containerBoxes)) + MARGIN;
  if (overlay === undefined) return svgDocument(width, bottom, parts);
  const way = drawWay(overlay, boxes, bottom);
  return svgDocument(Math.max(width, way.width), bottom + way.height, [...parts, ...way.parts]);
}

/** Told apart from cables by its width and its dashes, and in words below the drawing. */
const WAY = 'fill="none" stroke="#000" stroke-width="4" stroke-dasharray="2 5" stroke-linecap="round"';

function drawWay(overlay: Overlay, boxes: ReadonlyMap<string, Box>, top: number) {
  const stops = overlay.stops.flatMap((stop) => {
    const box = boxes.get(stop.id);
    return box === undefined ? [] : [{ stop, box }];
  });
  const lines = stops.slice(1).map(({ box }, index) => `<path d="${between(stops[index]?.box ?? box, box)}" ${WAY}/>`);
  const crosses = stops.filter(({ stop }) => stop.ends).map(({ box }) => cross(nearSide(box), box.y + PADDING));
  const words = overlayText(overlay).trimEnd().split("\n");
  const texts = words.map(
    (text, index) =>
      `<text x="${MARGIN}" y="${top + LINE * (index + 0.5)}" fill="#000" xml:space="preserve">${xml(text)}</text>`,
  );
  const longest = Math.max(...words.map((text) => [...text].length));
  return {
    parts: [...lines, ...crosses, ...texts],
    width: Math.ceil(longest * CHARACTER) + 2 * MARGIN,
    height: words.length * LINE + MARGIN,
  };
}

/** The side that faces the other column. */
const nearSide = ({ side, x, width }: Box): number => (side === "left" ? x + width : x);

function between(from: Box, to: Box): string {
  const [start, end] = [
    { x: nearSide(from), y: from.y + PADDING },
    { x: nearSide(to), y: to.y + PADDING },
  ];
  // Between two of one column it goes round in the room between the columns.
  const towards = from.side === "left" ? 1 : -1;
  return from.side === to.side ? curve(start, end, start.x + towards * (CABLE_ROOM / 4)) : curve(start, end);
}

const cross = (x: number, y: number): string =>
  `<path d="M${x - 8} ${y - 8} L${x + 8} ${y + 8} M${x - 8} ${y + 8} L${x + 8} ${y - 8}" stroke="#c00" stroke-width="4"/>`;

/** The host's network, and none, are drawn when somebody uses them. */
const isShown = ({ Driver, Endpoints }: MapNetwork): boolean =>
  !["host", "null"].includes(Driver) || Endpoints.length > 0;

const grey = (text: string): Line => ({ text, colour: "#555" });
const heading = (text: string): Line => ({ text, colour: "#000" });

const networkContent = (network: MapNetwork, colours: ReadonlyMap<string, string>): Content => ({
  id: network.Id,
  lines: [heading(network.Name), ...networkWords(network).map(grey)],
  colour: colours.get(network.Id) ?? GREY,
  stopped: false,
});

const besideContent = (stop: OverlayStop): Content => ({
  id: stop.id,
  lines: [heading(stop.name), grey(besideText(stop))],
  colour: GREY,
  stopped: false,
});

interface Surroundings {
  readonly containers: readonly PlacedContainer[];
  readonly cables: readonly Cable[];
  readonly colours: ReadonlyMap<string, string>;
}

/** The lines of a container's cables follow its name: the cables end at them. */
function containerContent(container: PlacedContainer, { containers, cables, colours }: Surroundings): Content {
  const { Id, Name, Running, joins, published } = container;
  const owner = containers.find((one) => one.Id === joins);
  const ends = cables
    .filter(({ containerId }) => containerId === Id)
    .map(({ networkId, endpoint }) => ({
      text: [endpoint.Interface, ...addressesOf(endpoint)].join(" ").trim(),
      colour: colours.get(networkId) ?? GREY,
    }));
  return {
    id: Id,
    lines: [
      heading(Running ? Name : `${Name} (stopped)`),
      ...ends,
      ...(owner === undefined ? [] : [grey(`in the network of ${owner.Name}`)]),
      ...published.map(grey),
    ],
    colour: GREY,
    stopped: !Running,
  };
}

/** Boxes of one width, one below the other. */
function stack(side: Box["side"], x: number, contents: readonly Content[]): Box[] {
  const longest = Math.max(0, ...contents.flatMap(({ lines }) => lines.map(({ text }) => [...text].length)));
  const width = Math.max(NARROWEST_BOX, Math.ceil(longest * CHARACTER) + 2 * PADDING);
  let y = MARGIN;
  return contents.map((content) => {
    const box = { ...content, side, x, y, width, height: content.lines.length * LINE + 2 * PADDING };
    y += box.height + GAP;
    return box;
  });
}

const widthOf = (boxes: readonly Box[]): number => boxes[0]?.width ?? NARROWEST_BOX;
const bottomOf = (boxes: readonly Box[]): number => Math.max(MARGIN, ...boxes.map(({ y, height }) => y + height));

/** Where the text of a line stands. */
const baseline = ({ y }: Box, index: number): number => y + PADDING + index * LINE + 13;

function drawBox(box: Box): string {
  const { x, y, width, height, lines, colour, stopped } = box;
  const texts = lines.map(({ text, colour: ink }, index) => {
    const weight = index === 0 ? ' font-weight="bold"' : "";
    return `<text x="${x + PADDING}" y="${baseline(box, index)}" fill="${ink}"${weight}>${xml(text)}</text>`;
  });
  const dashes = stopped ? ' stroke-dasharray="5 4"' : "";
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="6" fill="#fff" stroke="${colour}" stroke-width="2"${dashes}/>${texts.join("")}`;
}

function drawCable(cable: Cable, cables: readonly Cable[], boxes: ReadonlyMap<string, Box>): string[] {
  const [from, to] = [boxes.get(cable.networkId), boxes.get(cable.containerId)];
  if (from === undefined || to === undefined) return [];
  const index = cables.filter(({ containerId }) => containerId === cable.containerId).indexOf(cable);
  const start = { x: from.x + from.width, y: middleOf(from) };
  const path = curve(start, { x: to.x, y: baseline(to, index + 1) - 4 });
  return [`<path d="${path}" fill="none" stroke="${from.colour}" stroke-width="2"/>`];
}

interface Point {
  readonly x: number;
  readonly y: number;
}

const middleOf = ({ y, height }: Box): number => y + height / 2;

/** Leaves and arrives level. */
function curve(from: Point, to: Point, bend = (from.x + to.x) / 2): string {
  return `M${from.x} ${from.y} C${bend} ${from.y} ${bend} ${to.y} ${to.x} ${to.y}`;
}

/** A dashed arrow: between two of one side it goes round beside them, else across. */
function drawOpening({ From, To, Port, Protocol = "tcp", Both }: GrantRow, boxes: ReadonlyMap<string, Box>): string[] {
  const [from, to] = [boxes.get(From.Id), boxes.get(To.Id)];
  if (from === undefined || to === undefined) return [];
  const inner = ({ side, x, width }: Box): number => (side === "left" ? x + width : x);
  const outer = ({ side, x, width }: Box): number => (side === "left" ? x : x + width);
  const sameSide = from.side === to.side;
  const start = { x: sameSide ? outer(from) : inner(from), y: from.y + PADDING };
  const end = { x: sameSide ? outer(to) : inner(to), y: to.y + PADDING };
  const outwards = from.side === "left" ? -OPENING_ROOM * 0.8 : OPENING_ROOM * 0.8;
  const bend = sameSide ? start.x + outwards : (start.x + end.x) / 2;
  const words = Port === undefined ? "allowed" : `${Port}/${Protocol}`;
  const both = Both ? ' marker-start="url(#arrow)"' : "";
  // A cubic curve's middle lies three quarters of the way to its control points.
  const at = { x: sameSide ? start.x + outwards * 0.75 : bend, y: (start.y + end.y) / 2 };
  return [
    `<path d="${curve(start, end, bend)}" fill="none" stroke="#888" stroke-width="1.5" stroke-dasharray="6 4" marker-end="url(#arrow)"${both}/>`,
    `<text x="${at.x}" y="${at.y + 4}" font-size="11" text-anchor="middle" fill="#444" stroke="#fafafa" stroke-width="5" paint-order="stroke">${xml(words)}</text>`,
  ];
}

const ARROW =
  '<marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto-start-reverse"><path d="M0 0 L10 5 L0 10 z" fill="#888"/></marker>';

function svgDocument(width: number, height: number, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="12">`,
    `<defs>${ARROW}</defs>`,
    `<rect width="${width}" height="${height}" fill="#fafafa"/>`,
    ...parts,
    "</svg>\n",
  ].join("\n");
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

const xml = (text: string): string => text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
