import { type ConstDirectiveNode, type DocumentNode, type FieldDefinitionNode, isTypeDefinitionNode } from 'graphql';
import { argumentsOf, linkedDirectiveName } from '../supergraph/links.ts';

/** How long a list is, as `@listSize` says. */
export interface ListSize {
  readonly assumedSize: number | undefined;
  /** Arguments that say how long it is, with dots for fields of inputs. */
  readonly slicingArguments: readonly string[];
  /** Fields of the object that are the list, where the field itself is none. */
  readonly sizedFields: readonly string[];
  readonly requiresOneSlicingArgument: boolean;
}

/** What `@cost` and `@listSize` say, by coordinate: `Type`, `Type.field`, `Type.field(argument:)`, `Input.field`. */
export interface CostRules {
  readonly weights: ReadonlyMap<string, number>;
  readonly listSizes: ReadonlyMap<string, ListSize>;
}

/** Reads what a supergraph says about costs; undefined when it does not link the specification. */
export function readCostRules(supergraph: DocumentNode): CostRules | undefined {
  const cost = linkedDirectiveName(supergraph, 'cost', 'cost');
  const listSize = linkedDirectiveName(supergraph, 'cost', 'listSize');
  if (!cost || !listSize) return undefined;
  const weights = new Map<string, number>();
  const listSizes = new Map<string, ListSize>();
  const addWeight = (coordinate: string, directives: readonly ConstDirectiveNode[] = []): void => {
    const directive = directives.find(({ name }) => name.value === cost);
    if (directive) weights.set(coordinate, Number(argumentsOf(directive)['weight']));
  };
  const addField = (typeName: string, field: FieldDefinitionNode): void => {
    const coordinate = `${typeName}.${field.name.value}`;
    const directive = field.directives?.find(({ name }) => name.value === listSize);
    if (directive) listSizes.set(coordinate, readListSize(directive));
    for (const argument of field.arguments ?? []) {
      addWeight(`${coordinate}(${argument.name.value}:)`, argument.directives);
    }
  };
  for (const definition of supergraph.definitions) {
    if (!isTypeDefinitionNode(definition)) continue;
    const typeName = definition.name.value;
    addWeight(typeName, definition.directives);
    for (const field of 'fields' in definition ? (definition.fields ?? []) : []) {
      addWeight(`${typeName}.${field.name.value}`, field.directives);
      if (field.kind === 'FieldDefinition') addField(typeName, field);
    }
  }
  return { weights, listSizes };
}

function readListSize(directive: ConstDirectiveNode): ListSize {
  const { assumedSize, slicingArguments, sizedFields, requireOneSlicingArgument } = argumentsOf(directive);
  return {
    assumedSize: typeof assumedSize === 'number' ? assumedSize : Number(assumedSize ?? Number.NaN) || undefined,
    slicingArguments: (slicingArguments ?? []) as readonly string[],
    sizedFields: (sizedFields ?? []) as readonly string[],
    requiresOneSlicingArgument: requireOneSlicingArgument !== false,
  };
}
