import {
  type ConstDirectiveNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type InterfaceTypeDefinitionNode,
  isTypeDefinitionNode,
  Kind,
  type NamedTypeNode,
  type ObjectTypeDefinitionNode,
  parse,
  type SelectionSetNode,
  type TypeNode,
} from 'graphql';
import { argumentsOf, linkedDirectiveName } from '../supergraph/links.ts';
import { follows, type Requirement } from './requirement.ts';

/** What the fields of a supergraph need: numbers stand for requirements. */
export interface AccessRules {
  readonly requirements: readonly Requirement[];
  /** All that the field needs, by itself, by its types and by what it is computed from. Not there: open to everybody. */
  of(typeName: string, fieldName: string): readonly number[] | undefined;
}

type Composite = ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode;

/** Reads the rules of a supergraph; undefined when it has none. */
export function readAccessRules(supergraph: DocumentNode): AccessRules | undefined {
  const names = {
    authenticated: linkedDirectiveName(supergraph, 'authenticated', 'authenticated'),
    scopes: linkedDirectiveName(supergraph, 'requiresScopes', 'requiresScopes'),
    policies: linkedDirectiveName(supergraph, 'policy', 'policy'),
  };
  if (!names.authenticated && !names.scopes && !names.policies) return undefined;
  return new RulesReader(supergraph, names).read();
}

type Coordinate = readonly [typeName: string, fieldName: string];

/** What a field needs by itself, and the fields whose needs are its own too. */
interface OwnNeeds {
  readonly numbers: readonly number[];
  readonly leadsTo: readonly Coordinate[];
}

interface DirectiveNames {
  readonly authenticated: string | undefined;
  readonly scopes: string | undefined;
  readonly policies: string | undefined;
}

/** Puts together, for each field, what is written on it and on everything it leads through. */
class RulesReader {
  readonly #names: DirectiveNames;
  readonly #types = new Map<string, Composite>();
  readonly #fields = new Map<string, FieldDefinitionNode>();
  readonly #selections = new Map<string, SelectionSetNode>();
  readonly #implementers = new Map<string, string[]>();
  readonly #contexts = new Map<string, string[]>();
  readonly #ofTypes = new Map<string, readonly number[]>();
  readonly #ofFields = new Map<string, OwnNeeds>();
  readonly #requirements: Requirement[] = [];
  readonly #numbers = new Map<string, number>();

  constructor(supergraph: DocumentNode, names: DirectiveNames) {
    this.#names = names;
    for (const definition of supergraph.definitions) {
      if (!isTypeDefinitionNode(definition)) continue;
      this.#ofTypes.set(definition.name.value, this.#numbersOf(definition.directives ?? []));
      if (definition.kind === Kind.OBJECT_TYPE_DEFINITION || definition.kind === Kind.INTERFACE_TYPE_DEFINITION) {
        this.#addComposite(definition);
      }
    }
  }

  read(): AccessRules {
    const rules = new Map<string, readonly number[]>();
    for (const [typeName, { fields }] of this.#types) {
      for (const { name } of fields ?? []) {
        const needed = this.#ofField(typeName, name.value);
        if (needed.size > 0)
          rules.set(
            `${typeName}.${name.value}`,
            [...needed].sort((one, other) => one - other),
          );
      }
      // What a type needs is needed to learn that an object is of it.
      const needed = this.#ofTypes.get(typeName);
      if (needed && needed.length > 0) rules.set(`${typeName}.__typename`, needed);
    }
    return { requirements: this.#requirements, of: (typeName, fieldName) => rules.get(`${typeName}.${fieldName}`) };
  }

  #addComposite(definition: Composite): void {
    const name = definition.name.value;
    this.#types.set(name, definition);
    for (const field of definition.fields ?? []) this.#fields.set(`${name}.${field.name.value}`, field);
    for (const { name: parent } of definition.interfaces ?? []) push(this.#implementers, parent.value, name);
    for (const directive of definition.directives ?? []) {
      const { name: context } = argumentsOf(directive);
      if (directive.name.value.includes('context') && typeof context === 'string') push(this.#contexts, context, name);
    }
  }

  /** A field's own needs and those of all that it is computed from, however far that goes. */
  #ofField(typeName: string, fieldName: string): ReadonlySet<number> {
    const needed = new Set<number>();
    const seen = new Set<string>();
    const open: Coordinate[] = [[typeName, fieldName]];
    for (let next = open.pop(); next; next = open.pop()) {
      const key = next.join('.');
      if (seen.has(key)) continue;
      seen.add(key);
      const { numbers, leadsTo } = this.#ownNeedsOf(key, next);
      for (const number of numbers) needed.add(number);
      open.push(...leadsTo);
    }
    return needed;
  }

  #ownNeedsOf(key: string, [typeName, fieldName]: Coordinate): OwnNeeds {
    const known = this.#ofFields.get(key);
    if (known) return known;
    const field = this.#fieldOf(typeName, fieldName);
    const interfaces = this.#types.get(typeName)?.interfaces ?? [];
    const implementers = this.#implementers.get(typeName) ?? [];
    const needs: OwnNeeds = field
      ? {
          numbers: [
            ...(this.#ofTypes.get(typeName) ?? []),
            ...this.#numbersOf(field.directives ?? []),
            ...(this.#ofTypes.get(nameOf(field.type)) ?? []),
            // An interface's rule holds for whoever comes by the type, and the other way round.
            ...interfaces.flatMap((parent) => this.#ofInterface(parent, fieldName)),
          ],
          leadsTo: [
            ...this.#computedFrom(typeName, field).flatMap(({ type, selection }) => this.#fieldsOf(type, selection)),
            ...implementers.map((implementer): Coordinate => [implementer, fieldName]),
          ],
        }
      : { numbers: [], leadsTo: [] };
    this.#ofFields.set(key, needs);
    return needs;
  }

  #fieldOf(typeName: string, fieldName: string): FieldDefinitionNode | undefined {
    return this.#fields.get(`${typeName}.${fieldName}`);
  }

  /**
   * What an interface says of a field holds for its types as well, so that nobody goes round it by naming a type. Composition of
   * today writes on interfaces only what their types need together: that is no type's own.
   */
  #ofInterface(parent: NamedTypeNode, fieldName: string): readonly number[] {
    const name = parent.name.value;
    const field = this.#fieldOf(name, fieldName);
    if (!field) return [];
    const own = this.#writtenOn(name, field);
    if (own.length === 0) return [];
    const together = (this.#implementers.get(name) ?? []).flatMap((implementer) => {
      const implementation = this.#fieldOf(implementer, fieldName);
      return implementation ? this.#writtenOn(implementer, implementation) : [];
    });
    const given = [...new Set(together)].flatMap((number) => this.#requirements[number] ?? []);
    return own.filter((number) => {
      const requirement = this.#requirements[number];
      return !requirement || !follows(requirement, given);
    });
  }

  #writtenOn(typeName: string, field: FieldDefinitionNode): readonly number[] {
    return [...(this.#ofTypes.get(typeName) ?? []), ...this.#numbersOf(field.directives ?? [])];
  }

  /** What subgraphs are given for the field: its `@requires`, and the values of its `@fromContext` arguments. */
  #computedFrom(
    typeName: string,
    field: FieldDefinitionNode,
  ): { readonly type: string; readonly selection: SelectionSetNode }[] {
    return (field.directives ?? []).flatMap((directive) => {
      if (directive.name.value !== 'join__field') return [];
      const { requires, contextArguments } = argumentsOf(directive);
      const required = typeof requires === 'string' ? [{ type: typeName, selection: this.#parse(requires) }] : [];
      const fromContext = (Array.isArray(contextArguments) ? contextArguments : []).flatMap(
        ({ context, selection }: { context: string; selection: string }) =>
          (this.#contexts.get(context) ?? []).map((type) => ({ type, selection: this.#parse(selection) })),
      );
      return [...required, ...fromContext];
    });
  }

  /** Many fields require the same. */
  #parse(text: string): SelectionSetNode {
    const selection = this.#selections.get(text) ?? parseSelection(text);
    this.#selections.set(text, selection);
    return selection;
  }

  #fieldsOf(typeName: string, { selections }: SelectionSetNode): Coordinate[] {
    return selections.flatMap((selection) => {
      if (selection.kind === Kind.FRAGMENT_SPREAD) return [];
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        return this.#fieldsOf(selection.typeCondition?.name.value ?? typeName, selection.selectionSet);
      }
      const field = this.#fieldOf(typeName, selection.name.value);
      if (!field) return [];
      const below = selection.selectionSet ? this.#fieldsOf(nameOf(field.type), selection.selectionSet) : [];
      return [[typeName, field.name.value], ...below];
    });
  }

  #numbersOf(directives: readonly ConstDirectiveNode[]): readonly number[] {
    return directives.flatMap((directive) => {
      const requirement = this.#requirementOf(directive);
      if (!requirement) return [];
      const key = JSON.stringify(requirement);
      const number = this.#numbers.get(key) ?? this.#requirements.push(requirement) - 1;
      this.#numbers.set(key, number);
      return [number];
    });
  }

  #requirementOf(directive: ConstDirectiveNode): Requirement | undefined {
    const { authenticated, scopes, policies } = this.#names;
    const given = argumentsOf(directive);
    switch (directive.name.value) {
      case authenticated:
        return { kind: 'authenticated' };
      case scopes:
        return { kind: 'scopes', anyOf: given['scopes'] as string[][] };
      case policies:
        return { kind: 'policies', anyOf: given['policies'] as string[][] };
      default:
        return undefined;
    }
  }
}

function parseSelection(text: string): SelectionSetNode {
  const [definition] = parse(text.trim().startsWith('{') ? text : `{ ${text} }`, { noLocation: true }).definitions;
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error(`\`${text}\` is not a selection.`);
  return definition.selectionSet;
}

function nameOf(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : nameOf(type.type);
}

function push(lists: Map<string, string[]>, key: string, value: string): void {
  lists.set(key, [...(lists.get(key) ?? []), value]);
}
