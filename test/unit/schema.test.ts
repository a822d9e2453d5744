import {
  buildSchema,
  type GraphQLNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isNonNullType,
  isObjectType,
  isSpecifiedScalarType,
} from 'graphql';
import { compareApiSchemas, readAcceptedChanges } from '../../schema/breaking.ts';
import { CompositionFailed, composeSupergraph, ownSubgraphs } from '../../schema/compose.ts';
import { documentErrors } from '../../schema/error-documentation.ts';
import { ERRORS } from '../../schema/errors.ts';
import { generateFiles, listStaleFiles } from '../../schema/generate.ts';

describe('the generated files', () => {
  let files: Map<string, string>;
  beforeAll(async () => {
    files = await generateFiles();
  });

  it('are committed as they would be generated now', () => {
    expect(listStaleFiles(files)).toEqual([]);
  });

  it('are the same at every generation', async () => {
    expect(await generateFiles()).toEqual(files);
  });

  it('are found stale when one differs or is missing', () => {
    const changed = new Map([...files, ['docs/errors.md', 'other'], ['schema/generated/nowhere.graphql', '']]);
    expect(listStaleFiles(changed)).toEqual(['docs/errors.md', 'schema/generated/nowhere.graphql']);
  });

  it('describe every type, field, argument, value and input field that clients see', () => {
    const api = buildSchema(files.get('schema/generated/api.graphql') ?? '');
    const types = Object.values(api.getTypeMap()).filter(
      (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
    );
    expect(types.flatMap(undescribed)).toEqual([]);
    expect(types.length).toBeGreaterThan(50);
  });

  it('keep the internal contract away from clients', () => {
    const api = files.get('schema/generated/api.graphql') ?? '';
    expect(api).not.toMatch(
      /(?<!\bsource)RecordIds|SourceRecords\(|SourceRecordChanged|SourceRecordPage|_entities|@inaccessible/,
    );
    expect(api).toMatch(/commerceProfiles: \[SourceProfile!\]/);
  });

  it('have no non-null field in Query, so that one that fails costs the others nothing', () => {
    const api = buildSchema(files.get('schema/generated/api.graphql') ?? '');
    const fields = Object.values(api.getQueryType()?.getFields() ?? {});
    expect(fields.length).toBeGreaterThan(5);
    expect(fields.filter(({ type }) => isNonNullType(type)).map(({ name }) => name)).toEqual([]);
  });

  it('have a row for every error code', () => {
    for (const code of Object.keys(ERRORS)) expect(documentErrors()).toContain(`| \`${code}\` |`);
  });
});

function undescribed(type: GraphQLNamedType): string[] {
  const missing = (name: string, description: string | null | undefined): string[] => (description ? [] : [name]);
  const own = missing(type.name, type.description);
  if (isEnumType(type)) {
    return [...own, ...type.getValues().flatMap((value) => missing(`${type.name}.${value.name}`, value.description))];
  }
  if (isInputObjectType(type)) {
    return [
      ...own,
      ...Object.values(type.getFields()).flatMap((field) => missing(`${type.name}.${field.name}`, field.description)),
    ];
  }
  if (!isObjectType(type) && !isInterfaceType(type)) return own;
  const fields = Object.values(type.getFields()).flatMap((field) => [
    ...missing(`${type.name}.${field.name}`, field.description),
    ...field.args.flatMap((argument) => missing(`${type.name}.${field.name}(${argument.name})`, argument.description)),
  ]);
  return [...own, ...fields];
}

describe('composition', () => {
  it('has nothing to remark on our subgraphs', () => {
    expect(composeSupergraph().hints).toEqual([]);
  });

  it('names every fault', () => {
    const broken = ownSubgraphs().map((subgraph) =>
      subgraph.name === 'service'
        ? { ...subgraph, sdl: `${subgraph.sdl}\nextend type Customer { createdDate: Int }` }
        : subgraph,
    );
    expect(() => composeSupergraph(broken)).toThrow(CompositionFailed);
    expect(() => composeSupergraph(broken)).toThrow(/Customer\.createdDate/);
  });
});

describe('the comparison of API schemas', () => {
  const before = 'type Query { a: String b(c: Int): Int }';

  it('refuses what breaks clients unless it is accepted by name', () => {
    expect(compareApiSchemas(before, 'type Query { a: String b(c: Int): Int d: Int }', new Set())).toEqual({
      refused: [],
      accepted: [],
    });
    const broken = compareApiSchemas(before, 'type Query { b: Int }', new Set(['Query.a was removed.']));
    expect(broken).toEqual({ refused: ['Query.b arg c was removed.'], accepted: ['Query.a was removed.'] });
  });

  it('wants a reason for what is accepted', () => {
    expect(readAcceptedChanges('[{"change": "Query.a was removed.", "reason": "nobody used it"}]')).toEqual(
      new Set(['Query.a was removed.']),
    );
    expect(() => readAcceptedChanges('[{"change": "Query.a was removed."}]')).toThrow(/entry 1/);
    expect(() => readAcceptedChanges('{}')).toThrow(/list/);
  });
});
