import * as fc from 'fast-check';
import {
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
} from 'graphql';

/** What random operations are made of. */
export interface RandomOperationOptions {
  readonly schema: GraphQLSchema;
  /** Literals to choose from, by the name of a scalar. */
  readonly literals: Readonly<Record<string, readonly string[]>>;
  /** Levels of fields. */
  readonly depth: number;
}

/** Operations of one kind that a schema allows: random fields, arguments, aliases and fragments on types. */
export function randomOperation(kind: 'query' | 'mutation', options: RandomOperationOptions): fc.Arbitrary<string> {
  const root = kind === 'query' ? options.schema.getQueryType() : options.schema.getMutationType();
  if (!root) throw new Error(`The schema has no ${kind}.`);
  return fc
    .infiniteStream(fc.nat(1_000_000), { noHistory: true })
    .map(
      (numbers) =>
        `${kind} { ${new Maker(options, () => Number(numbers.next().value)).selections(root, options.depth)} }`,
    );
}

class Maker {
  readonly #options: RandomOperationOptions;
  readonly #next: () => number;
  #aliases = 0;

  constructor(options: RandomOperationOptions, next: () => number) {
    this.#options = options;
    this.#next = next;
  }

  selections(type: GraphQLNamedType, depth: number): string {
    if (isUnionType(type) || isInterfaceType(type)) return this.#ofAbstract(type, depth);
    if (!isObjectType(type)) return '';
    const fields = Object.values(type.getFields()).filter((field) => depth > 1 || this.#isLeaf(field.type));
    if (fields.length === 0) return '__typename';
    const chosen = Array.from({ length: 1 + this.#below(4) }, () => this.#pick(fields));
    return chosen.map((field) => this.#field(type, field.name, depth)).join(' ');
  }

  #ofAbstract(type: GraphQLNamedType, depth: number): string {
    if (!isUnionType(type) && !isInterfaceType(type)) return '';
    const possible = this.#options.schema.getPossibleTypes(type);
    const own = isInterfaceType(type)
      ? Object.keys(type.getFields()).filter((name) => this.#isLeaf(type.getFields()[name]?.type))
      : [];
    const shared = own.length > 0 ? this.#pick(own) : '__typename';
    const concrete = this.#pick([...possible]);
    return `${shared} ... on ${concrete.name} { ${this.selections(concrete, depth)} }`;
  }

  #field(parent: GraphQLObjectType, name: string, depth: number): string {
    const field = parent.getFields()[name];
    if (!field) return '__typename';
    const given = field.args
      .filter(
        (argument) => (isNonNullType(argument.type) && argument.defaultValue === undefined) || this.#below(6) === 0,
      )
      .map((argument) => `${argument.name}: ${this.#literal(argument.type, 3)}`);
    const type = getNamedType(field.type);
    const below = this.#isLeaf(type) ? '' : ` { ${this.selections(type, depth - 1)} }`;
    this.#aliases += 1;
    const text = `a${this.#aliases}: ${name}${given.length > 0 ? `(${given.join(', ')})` : ''}${below}`;
    return this.#below(5) === 0 ? `... on ${parent.name} { ${text} }` : text;
  }

  #literal(type: GraphQLInputType, depth: number): string {
    const nullable = getNullableType(type);
    if (isListType(nullable)) return `[${this.#literal(nullable.ofType, depth)}]`;
    if (isEnumType(nullable)) return this.#pick(nullable.getValues()).name;
    if (isInputObjectType(nullable)) {
      const fields = Object.values(nullable.getFields()).filter(
        (field) => isNonNullType(field.type) || (depth > 0 && this.#below(3) === 0),
      );
      return `{ ${fields.map((field) => `${field.name}: ${this.#literal(field.type, depth - 1)}`).join(', ')} }`;
    }
    return this.#pick(this.#options.literals[nullable.name] ?? ['null']);
  }

  #isLeaf(type: unknown): boolean {
    if (type === undefined) return false;
    const named = getNamedType(type as GraphQLNamedType);
    return !isObjectType(named) && !isInterfaceType(named) && !isUnionType(named);
  }

  #below(limit: number): number {
    return this.#next() % limit;
  }

  #pick<T>(items: readonly T[]): T {
    const item = items[this.#below(items.length)];
    if (item === undefined) throw new Error('There is nothing to choose from.');
    return item;
  }
}
