import {
  type ArgumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLArgument,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isInputObjectType,
  isListType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  type ValueNode,
  valueFromASTUntyped,
} from 'graphql';
import { CodedError } from '../../schema/errors.ts';
import type { CostRules, ListSize } from './cost-rules.ts';

type Variables = Readonly<Record<string, unknown>>;

/** The cost of an operation with these variables. Throws CodedError GRAPHQL_VALIDATION_FAILED when no, or more than one, slicing argument is given where one is due. */
export type Cost = (variables: Variables) => number;

/** What costs are estimated from. */
export interface CostOptions {
  readonly operation: OperationDefinitionNode;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly schema: GraphQLSchema;
  readonly rules: CostRules;
  /** Items of a list of which nothing is said. */
  readonly assumedListSize: number;
}

const MUTATION_WEIGHT = 10;
const NONE: Cost = () => 0;

/**
 * Compiles the estimate of an operation's cost before it runs: an object costs 1 and a scalar nothing unless `@cost` says
 * otherwise, a list as many times its item as `@listSize` or a slicing argument says, and each field of a mutation 10 more.
 * What is needed to compile it grows with the fields of the operation, which are limited.
 */
export function compileCost(options: CostOptions): Cost {
  const { operation, schema } = options;
  const root = schema.getRootType(operation.operation);
  if (!root) return NONE;
  const cost = new CostCompiler(options).ofSelections(operation.selectionSet, root, undefined);
  if (operation.operation !== 'mutation') return cost;
  const fields = operation.selectionSet.selections.length;
  return (variables) => cost(variables) + fields * MUTATION_WEIGHT;
}

/** The list that a field above says the size of. */
interface Sized {
  readonly fields: readonly string[];
  readonly size: Cost;
}

class CostCompiler {
  readonly #options: CostOptions;

  constructor(options: CostOptions) {
    this.#options = options;
  }

  ofSelections({ selections }: SelectionSetNode, parent: GraphQLCompositeType, sized: Sized | undefined): Cost {
    return sumOf(selections.map((selection) => included(selection, this.#ofSelection(selection, parent, sized))));
  }

  #ofSelection(selection: SelectionNode, parent: GraphQLCompositeType, sized: Sized | undefined): Cost {
    if (selection.kind === Kind.FIELD) return this.#ofField(selection, parent, sized);
    const { fragments, schema } = this.#options;
    const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection;
    const type = fragment?.typeCondition ? schema.getType(fragment.typeCondition.name.value) : parent;
    return fragment && isCompositeType(type) ? this.ofSelections(fragment.selectionSet, type, sized) : NONE;
  }

  #ofField(node: FieldNode, parent: GraphQLCompositeType, sized: Sized | undefined): Cost {
    const field = 'getFields' in parent ? parent.getFields()[node.name.value] : undefined;
    if (!field) return NONE;
    const coordinate = `${parent.name}.${field.name}`;
    const { weights, listSizes } = this.#options.rules;
    const listSize = listSizes.get(coordinate);
    const size = listSize && this.#sizeOf(listSize, field, node);
    const type = getNamedType(field.type);
    const weight = weights.get(coordinate) ?? weights.get(type.name) ?? (isCompositeType(type) ? 1 : 0);
    const within = size && listSize.sizedFields.length > 0 ? { fields: listSize.sizedFields, size } : undefined;
    const below =
      node.selectionSet && isCompositeType(type) ? this.ofSelections(node.selectionSet, type, within) : NONE;
    const count = this.#countOf(field, within ? undefined : size, sized);
    const ofArguments = this.#ofArguments(coordinate, field, node);
    return (variables) => count(variables) * (weight + below(variables)) + ofArguments(variables);
  }

  #countOf(field: GraphQLField<unknown, unknown>, size: Cost | undefined, sized: Sized | undefined): Cost {
    if (!isList(field.type)) return () => 1;
    if (size) return size;
    if (sized?.fields.includes(field.name)) return sized.size;
    return () => this.#options.assumedListSize;
  }

  #sizeOf(listSize: ListSize, field: GraphQLField<unknown, unknown>, node: FieldNode): Cost {
    const slices = listSize.slicingArguments.map((path) => readArgument(path.split('.'), field, node));
    const assumed = listSize.assumedSize ?? this.#options.assumedListSize;
    return (variables) => {
      const given = slices.map((slice) => slice(variables)).filter((size) => typeof size === 'number');
      if (slices.length > 0 && listSize.requiresOneSlicingArgument && given.length !== 1) {
        const names = listSize.slicingArguments.map((name) => `\`${name}\``).join(', ');
        throw new CodedError('GRAPHQL_VALIDATION_FAILED', `\`${field.name}\` needs exactly one of ${names}.`);
      }
      return given.length > 0 ? Math.max(0, ...given) : assumed;
    };
  }

  #ofArguments(coordinate: string, field: GraphQLField<unknown, unknown>, node: FieldNode): Cost {
    const { weights } = this.#options.rules;
    const costs = (node.arguments ?? []).flatMap((given) => {
      const argument = field.args.find(({ name }) => name === given.name.value);
      if (!argument) return [];
      const own = weights.get(`${coordinate}(${argument.name}:)`) ?? 0;
      const below = this.#ofInput(argument, given);
      return [own === 0 ? below : (variables: Variables) => own + below(variables)];
    });
    return sumOf(costs);
  }

  /** Only inputs with weights somewhere below need a look at their values. */
  #ofInput(argument: GraphQLArgument, given: ArgumentNode): Cost {
    const { weights } = this.#options.rules;
    if (!isWeighted(argument.type, weights, new Set())) return NONE;
    const read = valueReader(given.value);
    return (variables) => weightOfInput(read(variables), argument.type, weights);
  }
}

function included({ directives }: SelectionNode, cost: Cost): Cost {
  if (!directives || directives.length === 0 || cost === NONE) return cost;
  const conditions = directives.flatMap(({ name, arguments: given }) => {
    const value = given?.[0]?.value;
    if (!value || (name.value !== 'skip' && name.value !== 'include')) return [];
    const read = valueReader(value);
    return [(variables: Variables) => read(variables) !== (name.value === 'skip')];
  });
  return (variables) => (conditions.every((holds) => holds(variables)) ? cost(variables) : 0);
}

function readArgument(
  [name = '', ...below]: readonly string[],
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
): (variables: Variables) => unknown {
  const otherwise = field.args.find((argument) => argument.name === name)?.defaultValue;
  const given = node.arguments?.find((argument) => argument.name.value === name);
  const read = given ? valueReader(given.value) : () => undefined;
  return (variables) => {
    const value = read(variables);
    return below.reduce<unknown>((at, key) => Object(at)[key], value === undefined ? otherwise : value);
  };
}

/** Reads a value of a document. Variables are what the client gave or, where it gave none, the operation's own default. */
function valueReader(node: ValueNode): (variables: Variables) => unknown {
  if (node.kind === Kind.VARIABLE) return (variables) => variables[node.name.value];
  if (node.kind === Kind.OBJECT || node.kind === Kind.LIST) return (variables) => valueFromASTUntyped(node, variables);
  const constant = valueFromASTUntyped(node);
  return () => constant;
}

function isWeighted(type: GraphQLInputType, weights: CostRules['weights'], seen: Set<string>): boolean {
  const named = getNamedType(type);
  if (seen.has(named.name)) return false;
  seen.add(named.name);
  if (weights.has(named.name)) return true;
  if (!isInputObjectType(named)) return false;
  return Object.values(named.getFields()).some(
    (field) => weights.has(`${named.name}.${field.name}`) || isWeighted(field.type, weights, seen),
  );
}

function weightOfInput(value: unknown, type: GraphQLInputType, weights: CostRules['weights']): number {
  if (value === null || value === undefined) return 0;
  const nullable = getNullableType(type);
  if (isListType(nullable)) {
    const items = Array.isArray(value) ? value : [value];
    return items.reduce((sum: number, item) => sum + weightOfInput(item, nullable.ofType, weights), 0);
  }
  const own = weights.get(nullable.name) ?? 0;
  if (!isInputObjectType(nullable)) return own;
  return Object.values(nullable.getFields()).reduce((sum, field) => {
    const given = Object(value)[field.name];
    if (given === undefined) return sum;
    return sum + (weights.get(`${nullable.name}.${field.name}`) ?? 0) + weightOfInput(given, field.type, weights);
  }, own);
}

function isList(type: GraphQLOutputType): boolean {
  return isListType(getNullableType(type));
}

function sumOf(costs: readonly Cost[]): Cost {
  const some = costs.filter((cost) => cost !== NONE);
  if (some.length === 0) return NONE;
  return (variables) => some.reduce((sum, cost) => sum + cost(variables), 0);
}
