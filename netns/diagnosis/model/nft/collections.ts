/** Sets, maps and verdict maps of nft's JSON. */
import { Collection, type Element } from "../rules/collection.ts";
import type { Pattern } from "../rules/scalar.ts";
import { type DataType, readPattern } from "./datatypes.ts";
import { bodyOf, partsOf } from "./json.ts";

/** As `nft -j` lists it. */
export interface NamedCollection {
  readonly name: string;
  readonly elem?: readonly unknown[];
}

/** A map's data stay JSON: what they are depends on the statement that uses them. */
export type JsonCollection = Collection<unknown>;

/**
 * @param elements of a set; of a map pairs
 * @param types of the key's parts
 */
export function readCollection(elements: readonly unknown[], types: readonly DataType[], isMap: boolean) {
  return new Collection<unknown>(elements.map((element) => readElement(element, types, isMap)));
}

function readElement(element: unknown, types: readonly DataType[], isMap: boolean): Element<unknown> {
  const [key, data] = isMap && Array.isArray(element) ? (element as [unknown, unknown]) : [element, undefined];
  return { patterns: readKey(unwrap(key), types), data: unwrap(data) };
}

/** An element with a counter, a comment or a timeout is in an object of its own. */
function unwrap(json: unknown): unknown {
  const element = bodyOf(json, "elem");
  return element === undefined ? json : bodyOf(element, "val");
}

function readKey(key: unknown, types: readonly DataType[]): readonly Pattern[] {
  return partsOf(key).map((part, index) => readPattern(types[index] ?? "unknown", part));
}
