/**
 * A query plan as the executor takes it, whichever planner made it: which subgraph is asked what, in which order, and where
 * in the answer the values belong. Plans are shared between requests and never changed.
 */
export interface OperationPlan {
  /** Undefined when nothing has to be fetched, as for `{ __typename }`. Of a subscription: what follows each event. */
  readonly root: PlanNode | undefined;
  /** Of a subscription only: the operation that its owning subgraph is subscribed with. */
  readonly subscription?: FetchNode;
}

/** One step of a plan. */
export type PlanNode = FetchNode | SequenceNode | ParallelNode | ConditionNode;

/** One after the other: a later node needs what an earlier one fetched. */
export interface SequenceNode {
  readonly kind: 'sequence';
  readonly nodes: readonly PlanNode[];
}

/** All at once. */
export interface ParallelNode {
  readonly kind: 'parallel';
  readonly nodes: readonly PlanNode[];
}

/** One of two by a Boolean variable of the client's operation. */
export interface ConditionNode {
  readonly kind: 'condition';
  /** Name of the variable, without `$`. */
  readonly variable: string;
  readonly whenTrue?: PlanNode;
  readonly whenFalse?: PlanNode;
}

/** One request to one subgraph. */
export interface FetchNode {
  readonly kind: 'fetch';
  readonly subgraph: string;
  readonly operationKind: 'query' | 'mutation' | 'subscription';
  /** The document that the subgraph gets, minified. */
  readonly operation: string;
  readonly operationName?: string;
  /** Variables of the client's operation that the fetch forwards, without `$`. */
  readonly variableUsages: readonly string[];
  /** Undefined for a fetch from the root type; else the `_entities` fields of the operation, mostly one. */
  readonly entities?: readonly EntityFetch[];
  /** Of a root fetch: where its fields belong (empty at the top; a nested root fetch is one after a mutation's payload). */
  readonly path: PlanPath;
  /** Applied to the data of a root fetch before it is merged. */
  readonly outputRewrites: readonly Rewrite[];
}

/** One `_entities` field of a fetch. */
export interface EntityFetch {
  /** Response name of the field: `_entities`, or an alias when the fetch has several. */
  readonly responseName: string;
  /** Variable that carries the representations, without `$`. Never collides with a variable of the client. */
  readonly representationsVariable: string;
  /** Where in the answer the entities are; several when one fetch serves several places. */
  readonly paths: readonly PlanPath[];
  /** What a representation is made of. */
  readonly requires: readonly RequiredSelection[];
  /** Applied to each representation before it is sent. */
  readonly inputRewrites: readonly Rewrite[];
  /** Applied to each entity before it is merged. */
  readonly outputRewrites: readonly Rewrite[];
  /** `@fromContext` arguments: values found at or above the entity become variables of the fetch. */
  readonly contextRewrites: readonly ContextRewrite[];
}

/** The way from the top of the answer to the objects that a fetch is about. */
export type PlanPath = readonly PlanPathSegment[];

/** A response name, every item of the list that stands there, or only the objects of some types. */
export type PlanPathSegment =
  | { readonly kind: 'field'; readonly responseName: string }
  | { readonly kind: 'items' }
  | { readonly kind: 'types'; readonly typenames: readonly string[] };

/** Part of a representation. */
export type RequiredSelection =
  | {
      readonly kind: 'field';
      /** Name that the subgraph knows. */
      readonly name: string;
      /** Name under which the answer so far holds the value. */
      readonly responseName: string;
      readonly selections: readonly RequiredSelection[];
    }
  | {
      readonly kind: 'inline';
      readonly typename: string | undefined;
      readonly selections: readonly RequiredSelection[];
    };

/** A change made to data on its way to or from a subgraph. */
export type Rewrite =
  | { readonly kind: 'set'; readonly path: readonly RewriteSegment[]; readonly value: unknown }
  | { readonly kind: 'rename'; readonly path: readonly RewriteSegment[]; readonly newName: string };

/** A key, or a condition on the object that stands there. Lists are entered without a segment. */
export type RewriteSegment =
  | { readonly kind: 'key'; readonly name: string }
  | { readonly kind: 'types'; readonly typenames: readonly string[] };

/** A value of the answer so far that goes to a subgraph as a variable. `up` levels above the entity the path begins. */
export interface ContextRewrite {
  readonly up: number;
  readonly path: readonly RewriteSegment[];
  /** Variable of the fetch, without `$`. */
  readonly variable: string;
}
