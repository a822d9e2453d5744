import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredArgument,
  isRequiredInputField,
  isUnionType,
} from 'graphql';
import type { Draw } from './data.ts';

/** An operation with values for its variables. */
export interface GeneratedOperation {
  readonly query: string;
  readonly variables: Record<string, unknown>;
}

/** Turns a list of numbers into draws; when it is used up, every draw is 0, which is always the simplest choice. */
export function drawFrom(numbers: readonly number[]): Draw {
  let next = 0;
  return (below) => (numbers[next++] ?? 0) % below;
}

/** Makes an operation of any kind that a schema allows. Some are not valid: fields that overlap. */
export function makeOperation(schema: GraphQLSchema, draw: Draw): GeneratedOperation {
  return new OperationMaker(schema, draw).make();
}

const DEPTH = 5;
const FIELDS = 36;

/** The names are chosen to trip who takes a client's variable for its own. */
const VARIABLE_NAMES = ['a', 'representations', 'b', '__batch_reps_0', 'c', 'representations1'];

class OperationMaker {
  readonly #schema: GraphQLSchema;
  readonly #draw: Draw;
  readonly #definitions: string[] = [];
  readonly #variables: Record<string, unknown> = {};
  readonly #conditions: string[] = [];
  readonly #fragments: { readonly name: string; readonly type: string; readonly text: string }[] = [];
  #aliases = 0;
  #fields = 0;
  #used = 0;

  constructor(schema: GraphQLSchema, draw: Draw) {
    this.#schema = schema;
    this.#draw = draw;
  }

  make(): GeneratedOperation {
    const isMutation = this.#draw(6) === 5;
    const type = isMutation ? this.#schema.getMutationType() : this.#schema.getQueryType();
    if (!type) throw new Error('The schema lacks a root type.');
    const selection = this.#selection(type, DEPTH);
    const kind = isMutation ? 'mutation' : 'query';
    const head = this.#definitions.length > 0 ? `${kind} Q(${this.#definitions.join(', ')})` : `${kind} Q`;
    return {
      query: [`${head} ${selection}`, ...this.#fragments.map(({ text }) => text)].join('\n'),
      variables: this.#variables,
    };
  }

  #selection(type: GraphQLNamedType, depth: number): string {
    const parts: string[] = [];
    const count = 1 + this.#draw(4);
    for (let index = 0; index < count; index++) parts.push(this.#part(type, depth));
    const selected = parts.filter((part) => part !== '');
    return `{ ${selected.length > 0 ? selected.join(' ') : '__typename'} }`;
  }

  #part(type: GraphQLNamedType, depth: number): string {
    const choice = this.#draw(10);
    if (isUnionType(type) || (isAbstractType(type) && choice >= 6)) return this.#inline(type, depth);
    if (choice === 9) return this.#draw(3) === 0 ? '__typename' : `t${this.#aliases++}: __typename`;
    if (choice === 8 && depth > 0) return `...${this.#condition()} ${this.#selection(type, depth - 1)}`;
    if (choice === 7 && depth > 0) return this.#spread(type, depth);
    return this.#field(type, depth);
  }

  #inline(type: GraphQLNamedType, depth: number): string {
    if (!isAbstractType(type)) return '';
    const possible = this.#schema.getPossibleTypes(type);
    const chosen = possible[this.#draw(possible.length)];
    return chosen ? `... on ${chosen.name}${this.#condition()} ${this.#selection(chosen, depth)}` : '';
  }

  /** A fragment of before is spread again now and then. */
  #spread(type: GraphQLNamedType, depth: number): string {
    const known = this.#fragments.filter((fragment) => fragment.type === type.name);
    const again = known[this.#draw(known.length + 1)];
    if (again) return `...${again.name}${this.#condition()}`;
    const selection = this.#selection(type, depth - 1);
    const name = `F${this.#fragments.length}`;
    this.#fragments.push({ name, type: type.name, text: `fragment ${name} on ${type.name} ${selection}` });
    return `...${name}${this.#condition()}`;
  }

  #field(type: GraphQLNamedType, depth: number): string {
    if (!('getFields' in type) || isInputObjectType(type) || this.#fields >= FIELDS) return '';
    const fields = Object.values(type.getFields()).filter(
      (field) => depth > 0 || !isCompositeType(getNamedType(field.type)),
    );
    const field = fields[this.#draw(fields.length)];
    if (!field) return '';
    this.#fields += 1;
    const fieldArguments = this.#arguments(field);
    const needsAlias = fieldArguments !== '' || this.#draw(6) === 5;
    const alias = needsAlias && this.#draw(4) !== 3 ? `x${this.#aliases++}: ` : '';
    const named = getNamedType(field.type);
    const below = isCompositeType(named) ? ` ${this.#selection(named, depth - 1)}` : '';
    return `${alias}${field.name}${fieldArguments}${this.#condition()}${below}`;
  }

  #arguments(field: GraphQLField<unknown, unknown>): string {
    const given = field.args.filter((argument) => isRequiredArgument(argument) || this.#draw(3) === 2);
    if (given.length === 0) return '';
    return `(${given.map((argument) => `${argument.name}: ${this.#value(argument.type)}`).join(', ')})`;
  }

  #value(type: GraphQLInputType): string {
    if (this.#draw(3) === 2) return this.#variable(type, this.#plain(type));
    const value = this.#plain(type);
    return literal(value, type);
  }

  #variable(type: GraphQLInputType, value: unknown): string {
    const name = VARIABLE_NAMES[this.#used] ?? `v${this.#used}`;
    this.#used += 1;
    const isLeft = !isNonNullType(type) && this.#draw(5) === 4;
    const otherwise = !isLeft && this.#draw(4) === 3 ? ` = ${literal(value, type)}` : '';
    this.#definitions.push(`$${name}: ${String(type)}${otherwise}`);
    if (!isLeft && (otherwise === '' || this.#draw(2) === 0)) this.#variables[name] = value;
    return `$${name}`;
  }

  /** A value as a variable carries it. */
  #plain(type: GraphQLInputType): unknown {
    if (isNonNullType(type)) return this.#plain(type.ofType);
    if (this.#draw(8) === 7) return isId(type) ? 'none' : null;
    if (isListType(type)) return Array.from({ length: this.#draw(3) }, () => this.#plainItem(type.ofType));
    if (isEnumType(type)) return type.getValues()[this.#draw(type.getValues().length)]?.name ?? null;
    if (isInputObjectType(type)) {
      const fields = Object.values(type.getFields()).filter(
        (field) => isRequiredInputField(field) || this.#draw(2) === 1,
      );
      return Object.fromEntries(fields.map((field) => [field.name, this.#plain(field.type)]));
    }
    if (isId(type)) return `${['v', 'p', 's'][this.#draw(3)]}${this.#draw(4)}`;
    if (type.name === 'Int') return this.#draw(4);
    if (type.name === 'Float') return this.#draw(4) / 2;
    return ['C0', 'C1', 'port', 'a "quoted" \\ text\nof two lines', 'é 🚢'][this.#draw(5)];
  }

  #plainItem(type: GraphQLInputType): unknown {
    const item = this.#plain(type);
    return item === null && isNonNullType(type) ? 'C0' : item;
  }

  #condition(): string {
    if (this.#draw(8) !== 7) return '';
    const directive = this.#draw(2) === 0 ? 'include' : 'skip';
    if (this.#draw(5) === 4) return ` @${directive}(if: ${this.#draw(2) === 0})`;
    const known = this.#conditions[this.#draw(this.#conditions.length + 1)];
    if (known !== undefined) return ` @${directive}(if: $${known})`;
    const name = `if${this.#conditions.length}`;
    this.#conditions.push(name);
    const value = this.#draw(2) === 0;
    const isDefault = this.#draw(4) === 3;
    this.#definitions.push(`$${name}: Boolean${isDefault ? ` = ${value}` : '!'}`);
    if (!isDefault) this.#variables[name] = value;
    return ` @${directive}(if: $${name})`;
  }
}

function isId(type: GraphQLInputType): boolean {
  return 'name' in type && type.name === 'ID';
}

/** A value as it stands in a document. */
function literal(value: unknown, type: GraphQLInputType): string {
  if (isNonNullType(type)) return literal(value, type.ofType);
  if (value === null || value === undefined) return 'null';
  if (isListType(type)) return `[${(value as unknown[]).map((item) => literal(item, type.ofType)).join(', ')}]`;
  if (isEnumType(type)) return String(value);
  if (isInputObjectType(type)) {
    const fields = type.getFields();
    const entries = Object.entries(value).flatMap(([name, one]) => {
      const field = fields[name];
      return field ? [`${name}: ${literal(one, field.type)}`] : [];
    });
    return `{${entries.join(', ')}}`;
  }
  return JSON.stringify(value);
}
