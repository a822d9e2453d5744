import { type GraphQLSchema, isAbstractType, isInterfaceType, isObjectType } from 'graphql';

/** Tells whether an object of a type meets a type condition, by the supergraph with all that clients do not see. */
export class TypeConditions {
  readonly schema: GraphQLSchema;
  readonly #matching = new Map<string, ReadonlySet<string>>();

  constructor(fullSchema: GraphQLSchema) {
    this.schema = fullSchema;
  }

  /** An object whose type is an interface comes from a subgraph that knows it as an `@interfaceObject`. */
  matches(typename: string, condition: string): boolean {
    if (typename === condition) return true;
    let matching = this.#matching.get(condition);
    if (!matching) {
      matching = this.#typesThatMatch(condition);
      this.#matching.set(condition, matching);
    }
    return matching.has(typename);
  }

  /** True when the value of `__typename` says what an object is for good. */
  isConcrete(typename: unknown): boolean {
    return typeof typename === 'string' && isObjectType(this.schema.getType(typename));
  }

  #typesThatMatch(condition: string): ReadonlySet<string> {
    const type = this.schema.getType(condition);
    if (!isAbstractType(type)) return new Set();
    const { objects, interfaces } = isInterfaceType(type)
      ? this.schema.getImplementations(type)
      : { objects: this.schema.getPossibleTypes(type), interfaces: [] };
    return new Set([...objects, ...interfaces].map(({ name }) => name));
  }
}
