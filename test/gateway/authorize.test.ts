import * as fc from 'fast-check';
import {
  defaultFieldResolver,
  execute,
  type FieldNode,
  isAbstractType,
  parse,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { ANONYMOUS } from '../../gateway/authorize/rights.ts';
import { createGateway, type Gateway } from '../../gateway/gateway.ts';
import { createGuardRules } from '../../gateway/guard-rules.ts';
import { Refused } from '../../gateway/operation.ts';
import { guard } from '../../gateway/stages/guard.ts';
import { buildApiSchema } from '../../schema/compose.ts';
import { LOCAL_ADMINISTRATOR, type Principal } from '../../schema/principal.ts';
import { GUARDED_VALUES, guardedSupergraph } from '../support/guarded-supergraph.ts';
import { randomOperation } from '../support/random-operation.ts';

const { sdl, asked, transportTo } = guardedSupergraph();
const schema = buildApiSchema(sdl);
let gateway: Gateway;

beforeAll(async () => {
  gateway = await createGateway({
    supergraphSdl: sdl,
    transportTo,
    introspection: true,
    guard: { limits: { aliases: 10_000, fields: 10_000, tokens: 50_000 } },
  });
});
afterAll(() => gateway.close());
beforeEach(() => {
  asked.length = 0;
});

const somebody = (roles: readonly string[] = [], scopes: readonly string[] = []): Principal => ({
  subject: 'somebody',
  roles,
  scopes,
});
const ALL_RIGHTS = somebody(['admin', 'agent', 'finance'], ['email:read', 'bank']);

async function ask(principal: Principal, query: string, variables = {}) {
  const answer = JSON.parse(
    JSON.stringify(await gateway.execute({ query, variables }, { principal, requestId: 'test' })),
  );
  const errors = (answer.errors ?? []) as {
    path?: (string | number)[];
    message: string;
    extensions: { code: string };
  }[];
  return {
    data: answer.data,
    errors,
    text: JSON.stringify(answer),
    refusals: errors.map(({ path, extensions }) => [path?.join('.'), extensions.code]),
  };
}

const fetched = (): string => asked.map(({ query }) => query).join('\n');

describe('what a rule stands on', () => {
  it.each([
    [
      'a field',
      somebody(),
      '{ me { label email } }',
      { me: { label: '<User.label 1>', email: null } },
      ['me.email', 'FORBIDDEN'],
    ],
    [
      'a field, for nobody in particular',
      ANONYMOUS,
      '{ me { label email } }',
      { me: { label: '<User.label 1>', email: null } },
      ['me.email', 'UNAUTHENTICATED'],
    ],
    ['a root field', ANONYMOUS, '{ hidden }', { hidden: null }, ['hidden', 'UNAUTHENTICATED']],
    [
      'a scalar',
      somebody(['finance']),
      '{ me { wage wages } }',
      { me: { wage: null, wages: null } },
      ['me.wage', 'FORBIDDEN'],
      ['me.wages', 'FORBIDDEN'],
    ],
    ['an enum', ANONYMOUS, '{ me { grade } }', { me: { grade: null } }, ['me.grade', 'UNAUTHENTICATED']],
    [
      'an object, by the field that leads to it',
      somebody(),
      '{ me { team { motto } } }',
      { me: { team: null } },
      ['me.team', 'FORBIDDEN'],
    ],
    [
      'an object in another subgraph',
      ANONYMOUS,
      '{ me { reviews { body } } }',
      { me: { reviews: null } },
      ['me.reviews', 'UNAUTHENTICATED'],
    ],
    [
      'an object, by a fragment',
      somebody(),
      '{ found { ... on User { label } ... on Team { motto __typename } } }',
      { found: [{ label: '<User.label 6>' }, null] },
      ['found.motto', 'FORBIDDEN'],
      ['found.__typename', 'FORBIDDEN'],
    ],
    [
      'an interface, for what one of its types needs',
      somebody(),
      '{ node(id: "team") { label } }',
      { node: null },
      ['node', 'FORBIDDEN'],
    ],
    [
      'what is required of another subgraph',
      somebody(),
      '{ me { rating } }',
      { me: { rating: null } },
      ['me.rating', 'FORBIDDEN'],
    ],
    ['an aliased field', somebody(), '{ me { label: email } }', { me: { label: null } }, ['me.label', 'FORBIDDEN']],
    [
      'a mutation',
      somebody(['agent']),
      'mutation { rename(to: "x") { id } }',
      { rename: null },
      ['rename', 'FORBIDDEN'],
    ],
    [
      'what a mutation gives',
      somebody(),
      'mutation { touch { id email } }',
      { touch: { id: '1', email: null } },
      ['touch.email', 'FORBIDDEN'],
    ],
  ] as [string, Principal, string, object, ...string[][]][])(
    '%s',
    async (_what, principal, query, data, ...refusals) => {
      const answer = await ask(principal, query);
      expect(answer.data).toEqual(data);
      expect(answer.refusals).toEqual(refusals);
      expect(fetched()).not.toMatch(/\b(email|wages?|grade|motto|body|hidden|rename)\b/);
    },
  );

  it('is fulfilled by all of one list of scopes or policies', async () => {
    const query = '{ me { email wage } }';
    const rights: [Principal, boolean, boolean][] = [
      [somebody([], ['email:read']), true, false],
      [somebody([], ['all:read']), false, false],
      [somebody([], ['all:read', 'all:trusted']), true, false],
      [somebody(['finance', 'agent']), false, true],
      [somebody(['agent']), false, false],
      [LOCAL_ADMINISTRATOR, false, true],
    ];
    for (const [principal, seesEmail, seesWage] of rights) {
      const { data } = await ask(principal, query);
      expect([principal, data.me.email !== null, data.me.wage !== null]).toEqual([principal, seesEmail, seesWage]);
    }
  });

  it('never stands on a key that the gateway itself needs, and does not show it', async () => {
    const { data } = await ask(somebody(), '{ account { iban balance holder } }');
    expect(data).toEqual({ account: { iban: null, balance: '<Account.balance>', holder: '<Account.holder>' } });
  });

  it('asks no subgraph when nothing is left, and no more often than needed', async () => {
    expect((await ask(ANONYMOUS, '{ hidden again: hidden }')).data).toEqual({ hidden: null, again: null });
    expect(asked).toHaveLength(0);
    await ask(ANONYMOUS, '{ me { reviews { body } } }');
    expect(asked).toHaveLength(1);
  });

  it('tells of a field once, and not when its condition takes it out', async () => {
    const query =
      'query ($mail: Boolean = false) { me { ...A ...A email @include(if: $mail) } } fragment A on User { wage @skip(if: $mail) }';
    expect((await ask(somebody(), query)).refusals).toEqual([['me.wage', 'FORBIDDEN']]);
    expect((await ask(somebody(), query, { mail: true })).refusals).toEqual([['me.email', 'FORBIDDEN']]);
    expect((await ask(ALL_RIGHTS, query, { mail: true })).refusals).toEqual([]);
  });

  it('keeps the rights of callers of one operation apart', async () => {
    const query = '{ me { label email } }';
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) => ask(index % 2 ? ALL_RIGHTS : index % 4 ? ANONYMOUS : somebody(), query)),
    );
    expect(answers.map(({ data }) => data.me.email !== null)).toEqual(answers.map((_, index) => index % 2 === 1));
    expect(new Set(answers.map(({ refusals }) => JSON.stringify(refusals))).size).toBe(3);
  });

  it('refuses a subscription whose root is denied', () => {
    const rules = createGuardRules({ document: parse(sdl), apiSchema: schema }, { introspection: true });
    const request = { query: 'subscription { renamed { label email } }' };
    const begin = (principal: Principal) => () => guard(request, { principal, takesEvents: true }, rules);
    expect(begin(ANONYMOUS)).toThrow(Refused);
    expect(begin(somebody())().denied.map(({ path }) => path)).toEqual([['renamed', 'email']]);
    expect(begin(ALL_RIGHTS)().denied).toEqual([]);
  });

  it('can be a policy that is worked out by a function', async () => {
    const asksAtNight = await createGateway({
      supergraphSdl: sdl,
      transportTo,
      guard: { policy: (policy, { purpose }) => policy === 'agent' && purpose === 'service' },
    });
    const query = '{ me { team { motto } } }';
    const askFor = async (purpose: string) =>
      (await asksAtNight.execute({ query }, { principal: { ...somebody(), purpose }, requestId: 'test' })).errors
        ?.length ?? 0;
    expect([await askFor('service'), await askFor('curiosity')]).toEqual([0, 1]);
    await asksAtNight.close();
  });
});

/** The same rules once more, said of whoever asks instead of read from the schema. */
function deniedTo({ subject, roles, scopes }: Principal): ReadonlySet<string> {
  const isSignedIn = subject === 'somebody';
  const readsEmail = scopes.includes('email:read') || (scopes.includes('all:read') && scopes.includes('all:trusted'));
  const isStaff = roles.includes('agent') || roles.includes('admin');
  const seesWages = (roles.includes('finance') && roles.includes('agent')) || roles.includes('admin');
  return new Set([
    ...(readsEmail ? [] : ['User.email', 'User.rating']),
    ...(seesWages ? [] : ['User.wage', 'User.wages']),
    // What leads to an interface needs what any of its types needs.
    ...(isStaff
      ? []
      : ['User.team', 'Team.id', 'Team.label', 'Team.motto', 'Team.members', 'Team.__typename', 'Query.node']),
    ...(isSignedIn
      ? []
      : [
          'Query.hidden',
          'User.grade',
          'User.reviews',
          'Review.body',
          'Review.stars',
          'Review.author',
          'Review.__typename',
        ]),
    ...(scopes.includes('bank') ? [] : ['Account.iban']),
    ...(roles.includes('admin') ? [] : ['Mutation.rename']),
  ]);
}

/** What a plain server of the same data says in which every field asks whether it may answer. */
async function truth(query: string, principal: Principal): Promise<unknown> {
  const document = parse(query);
  const denied = deniedTo(principal);
  // Every field of a random operation has a name of its own, so that each has one node.
  const isDenied = new Map<FieldNode, boolean>();
  const types = new TypeInfo(schema);
  visit(
    document,
    visitWithTypeInfo(types, {
      Field(node) {
        const parent = types.getParentType();
        const concrete = isAbstractType(parent) ? schema.getPossibleTypes(parent) : [parent];
        isDenied.set(
          node,
          concrete.some((type) => denied.has(`${type?.name}.${node.name.value}`)),
        );
      },
    }),
  );
  const result = await execute({
    schema,
    document,
    typeResolver: (value) => (value as { __typename: string }).__typename,
    fieldResolver(source, args, _context, info) {
      if (info.fieldNodes.every((node) => isDenied.get(node))) return null;
      const resolve = GUARDED_VALUES[info.parentType.name]?.[info.fieldName];
      return typeof resolve === 'function' ? resolve(source, args) : defaultFieldResolver(source, args, _context, info);
    },
  });
  expect([query, result.errors]).toEqual([query, undefined]);
  return JSON.parse(JSON.stringify(result.data));
}

describe('whoever asks whatever', () => {
  const principals = fc
    .tuple(
      fc.boolean(),
      fc.subarray(['agent', 'admin', 'finance']),
      fc.subarray(['email:read', 'all:read', 'all:trusted', 'bank']),
    )
    .map(([isAnonymous, roles, scopes]): Principal => (isAnonymous ? ANONYMOUS : somebody(roles, scopes)));
  const literals = { ID: ['"team"', '"x"'], String: ['"x"'] };

  it.each(['query', 'mutation'] as const)(
    'never gets a denied value, and no subgraph is asked for it: %s',
    async (kind) => {
      let refused = 0;
      await fc.assert(
        fc.asyncProperty(
          randomOperation(kind, { schema, literals, depth: 6 }),
          principals,
          async (query, principal) => {
            asked.length = 0;
            const { text, refusals } = await ask(principal, query);
            refused += refusals.length;
            for (const coordinate of deniedTo(principal)) {
              expect([query, principal, text.includes(`<${coordinate} `), text.includes(`<${coordinate}>`)]).toEqual([
                query,
                principal,
                false,
                false,
              ]);
              const field = coordinate.split('.')[1] ?? '';
              if (!['iban', 'id', 'label', '__typename'].includes(field)) {
                expect([query, principal, new RegExp(`\\b${field}\\b`).test(fetched())]).toEqual([
                  query,
                  principal,
                  false,
                ]);
              }
            }
          },
        ),
        { numRuns: 200 },
      );
      expect(refused).toBeGreaterThan(100);
    },
    60_000,
  );

  it('gets all the rest', async () => {
    await fc.assert(
      fc.asyncProperty(
        randomOperation('query', { schema, literals, depth: 5 }),
        principals,
        async (query, principal) => {
          expect([query, principal, (await ask(principal, query)).data]).toEqual([
            query,
            principal,
            await truth(query, principal),
          ]);
        },
      ),
      { numRuns: 200 },
    );
  }, 60_000);
});
