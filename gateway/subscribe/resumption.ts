import {
  type DirectiveNode,
  type DocumentNode,
  type ExecutionResult,
  type FieldNode,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isEnumType,
  isInterfaceType,
  isLeafType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  valueFromASTUntyped,
  visit,
} from 'graphql';
import { BoundedCache } from '../bounded-cache.ts';
import type { UpstreamOperation } from '../execute/executable.ts';
import type { Cursor } from './live-operation.ts';

/** What the cursor of each event is selected as, whether or not the client asks for it; longer where the client has that name. */
const CURSOR_ALIAS = '_c360_cursor';
const SINCE_VARIABLE = '_c360_since';
/** Scalars whose values are numbers in JSON. */
const NUMBERS: ReadonlySet<string> = new Set(['Int', 'Float']);

/** A subscription that can go on where it broke off. */
export interface Resumption {
  /** Where the client wants it to begin; undefined: now. */
  readonly since: Cursor | undefined;
  /** The cursor that a text stands for. */
  cursorOf(text: string): Cursor | undefined;
  /** What the subgraph is subscribed with to go on after a cursor; undefined: now. */
  operationAt(since: Cursor | undefined): UpstreamOperation;
  /** Takes what was selected beside the client's selection out of an event. */
  open(event: ExecutionResult): OpenedEvent;
}

/** An event as the subgraph would have sent it to the client, and where the subscription stands after it. */
export interface OpenedEvent {
  readonly event: ExecutionResult;
  readonly cursor: Cursor | undefined;
}

/** What of a resumption hangs on the text of the subgraph's operation alone. */
interface ResumableForm {
  /** The operation with `since` as a variable and the cursor selected. */
  readonly query: string;
  readonly responseName: string;
  readonly cursorAlias: string;
  readonly sinceVariable: string;
  readonly isNumber: boolean;
  /** Where the client wants it to begin, from the operation's variables. */
  readonly sinceOf: (variables: Readonly<Record<string, unknown>>) => unknown;
}

const FORMS_CAPACITY = 500;

/** Finds out how subscriptions go on. Remembers the operations seen last, because many clients ask for the same. */
export class Resumptions {
  readonly #forms = new WeakMap<GraphQLSchema, BoundedCache<ResumableForm | null>>();

  /**
   * How a subscription goes on from a cursor: its field takes `since`, and its payload has a `cursor` that the same subgraph
   * resolves. Undefined when the schema has not both.
   */
  of(upstream: UpstreamOperation, fullSchema: GraphQLSchema): Resumption | undefined {
    const forms = this.#forms.get(fullSchema) ?? new BoundedCache<ResumableForm | null>(FORMS_CAPACITY);
    this.#forms.set(fullSchema, forms);
    const form = forms.getOrMake(`${upstream.subgraph}\n${upstream.query}`, () => resumableForm(upstream, fullSchema));
    if (!form) return undefined;
    const { query, responseName, cursorAlias, sinceVariable, isNumber, sinceOf } = form;
    const since = sinceOf(upstream.variables);
    return {
      since: isCursor(since) ? since : undefined,
      cursorOf: (text) => (isNumber ? numberOf(text) : text),
      operationAt: (cursor) => ({
        ...upstream,
        query,
        variables: cursor === undefined ? upstream.variables : { ...upstream.variables, [sinceVariable]: cursor },
      }),
      open: (event) => openEvent(event, responseName, cursorAlias),
    };
  }
}

function resumableForm(upstream: UpstreamOperation, fullSchema: GraphQLSchema): ResumableForm | null {
  const document = parse(upstream.query, { noLocation: true });
  const operation = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  const root = operation?.selectionSet.selections[0];
  if (!operation || root?.kind !== Kind.FIELD || !root.selectionSet) return null;
  const definition = fullSchema.getSubscriptionType()?.getFields()[root.name.value];
  const since = definition?.args.find(({ name }) => name === 'since');
  if (!definition || !since || !hasCursor(definition, since, upstream.subgraph, fullSchema)) return null;
  const given = root.arguments?.find(({ name }) => name.value === 'since')?.value;
  const defaults: Record<string, unknown> = {};
  for (const { variable, defaultValue } of operation.variableDefinitions ?? []) {
    if (defaultValue) defaults[variable.name.value] = valueFromASTUntyped(defaultValue);
  }
  const names = { cursorAlias: freeName(CURSOR_ALIAS, document), sinceVariable: freeName(SINCE_VARIABLE, document) };
  return {
    query: print(rewritten(document, operation, root, since, names)),
    responseName: root.alias?.value ?? root.name.value,
    ...names,
    isNumber: NUMBERS.has(getNamedType(since.type).name),
    sinceOf: (variables) => given && valueFromASTUntyped(given, { ...defaults, ...variables }),
  };
}

/** Name of the client's variable that says where to begin, when it says nothing else: events do not depend on it. */
export function sinceVariableOf(document: DocumentNode, operation: OperationDefinitionNode): string | undefined {
  const root = operation.selectionSet.selections[0];
  if (root?.kind !== Kind.FIELD) return undefined;
  const value = root.arguments?.find(({ name }) => name.value === 'since')?.value;
  if (value?.kind !== Kind.VARIABLE) return undefined;
  const name = value.name.value;
  const uses = usedVariables(document).filter((used) => used === name).length;
  return uses === 1 ? name : undefined;
}

function openEvent(event: ExecutionResult, responseName: string, cursorAlias: string): OpenedEvent {
  const payload = event.data?.[responseName];
  if (typeof payload !== 'object' || payload === null) return { event, cursor: undefined };
  const { [cursorAlias]: cursor, ...rest } = payload as Record<string, unknown>;
  return {
    event: { ...event, data: { ...event.data, [responseName]: rest } },
    cursor: isCursor(cursor) ? cursor : undefined,
  };
}

function isCursor(value: unknown): value is Cursor {
  return typeof value === 'string' || typeof value === 'number';
}

function numberOf(text: string): number | undefined {
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}

/** A name that the document does not have. */
function freeName(wanted: string, document: DocumentNode): string {
  const taken = new Set<string>();
  visit(document, {
    enter(node) {
      if (node.kind === Kind.NAME) taken.add(node.value);
    },
  });
  let name = wanted;
  while (taken.has(name)) name += '_';
  return name;
}

/** The same operation with its `since` as a variable of ours and the cursor selected. A variable that is used no more is left out. */
function rewritten(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  root: FieldNode,
  since: GraphQLArgument,
  { cursorAlias, sinceVariable }: Pick<ResumableForm, 'cursorAlias' | 'sinceVariable'>,
): DocumentNode {
  const others = (root.arguments ?? []).filter(({ name }) => name.value !== 'since');
  const variable = { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: sinceVariable } } as const;
  const field: FieldNode = {
    ...root,
    arguments: [...others, { kind: Kind.ARGUMENT, name: { kind: Kind.NAME, value: 'since' }, value: variable }],
    selectionSet: {
      kind: Kind.SELECTION_SET,
      selections: [
        ...(root.selectionSet?.selections ?? []),
        {
          kind: Kind.FIELD,
          name: { kind: Kind.NAME, value: 'cursor' },
          alias: { kind: Kind.NAME, value: cursorAlias },
        },
      ],
    },
  };
  const bare = { ...operation, selectionSet: { ...operation.selectionSet, selections: [field] } };
  const rest = document.definitions.filter((definition) => definition !== operation);
  const used = usedVariables({ kind: Kind.DOCUMENT, definitions: [bare, ...rest] });
  const declared = (operation.variableDefinitions ?? []).filter((each) => used.includes(each.variable.name.value));
  const type = parse(`query ($v: ${since.type}) { f }`, { noLocation: true }).definitions[0];
  const own = type?.kind === Kind.OPERATION_DEFINITION ? (type.variableDefinitions ?? []) : [];
  const variableDefinitions = [...declared, ...own.map((each) => ({ ...each, variable }))];
  return { ...document, definitions: [{ ...bare, variableDefinitions }, ...rest] };
}

/** Names of variables, as often as they are used; their definitions are no use. */
function usedVariables(document: DocumentNode): string[] {
  const names: string[] = [];
  visit(document, {
    enter(node) {
      if (node.kind === Kind.VARIABLE_DEFINITION) return false;
      if (node.kind === Kind.VARIABLE) names.push(node.name.value);
      return undefined;
    },
  });
  return names;
}

function hasCursor(
  field: GraphQLField<unknown, unknown>,
  since: GraphQLArgument,
  subgraph: string,
  fullSchema: GraphQLSchema,
): boolean {
  // A list of changes has no cursor of its own.
  const type = getNullableType(field.type);
  if (!isObjectType(type) && !isInterfaceType(type)) return false;
  const cursor = type.getFields()['cursor'];
  if (!cursor || cursor.args.length > 0) return false;
  // Only what the subgraph takes as it gives it can be handed back.
  const given = getNullableType(cursor.type);
  if (!isLeafType(given) || given !== getNullableType(since.type)) return false;
  const places = (cursor.astNode?.directives ?? []).filter(({ name }) => name.value === 'join__field');
  if (places.length === 0) return true;
  const graph = graphNameOf(subgraph, fullSchema);
  return places.some((place) => isResolvedIn(place, graph));
}

function isResolvedIn(place: DirectiveNode, graph: string | undefined): boolean {
  const argument = (name: string): unknown => {
    const value = place.arguments?.find((each) => each.name.value === name)?.value;
    return value && valueFromASTUntyped(value);
  };
  const at = argument('graph');
  return (at === undefined || at === graph) && argument('external') !== true;
}

/** The supergraph names subgraphs by an enum of its own. */
function graphNameOf(subgraph: string, fullSchema: GraphQLSchema): string | undefined {
  const graphs = fullSchema.getType('join__Graph');
  if (!isEnumType(graphs)) return undefined;
  const found = graphs.getValues().find(({ astNode }) =>
    astNode?.directives?.some(({ name, arguments: given }) => {
      const own = given?.find((each) => each.name.value === 'name')?.value;
      return name.value === 'join__graph' && own?.kind === Kind.STRING && own.value === subgraph;
    }),
  );
  return found?.name;
}
