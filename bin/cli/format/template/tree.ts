/** The tree of a parsed template. */

export type Expression =
  | { readonly kind: "dot" }
  | { readonly kind: "constant"; readonly value: string | number | boolean | null }
  | { readonly kind: "variable"; readonly name: string }
  /** `of.name`, with the arguments of a method. */
  | {
      readonly kind: "field";
      readonly of: Expression;
      readonly name: string;
      readonly arguments: readonly Expression[];
    }
  | { readonly kind: "call"; readonly name: string; readonly arguments: readonly Expression[] };

export type Node =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "print"; readonly expression: Expression }
  | { readonly kind: "assign"; readonly name: string; readonly expression: Expression }
  | {
      readonly kind: "if" | "with";
      readonly condition: Expression;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    }
  | {
      readonly kind: "range";
      readonly over: Expression;
      readonly key: string | undefined;
      readonly value: string | undefined;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    };
