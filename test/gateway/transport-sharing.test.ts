import fc from 'fast-check';
import type { ExecutionResult } from 'graphql';
import type { Executable, Executed, ExecutionContext } from '../../gateway/execute/executable.ts';
import { createRunSharing } from '../../gateway/share-in-flight.ts';
import { batchEntities } from '../../gateway/transport/batch.ts';
import { createDeduplicator } from '../../gateway/transport/deduplicate.ts';
import { createHttpTransport } from '../../gateway/transport/http.ts';
import { LOCAL_ADMINISTRATOR, type Principal } from '../../schema/principal.ts';
import type { SubgraphRequest, SubgraphTransport } from '../../schema/subgraph-transport.ts';
import { answerText, type RawRequest, type RawServer, startRawServer, until } from '../support/raw-server.ts';

const clock = (): number => performance.timeOrigin + performance.now();
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const principal = (subject: string): Principal => ({ ...LOCAL_ADMINISTRATOR, subject });
const PRINCIPALS = [principal('ann'), principal('bob')];

let server: RawServer;
let transport: SubgraphTransport;
const opened: SubgraphTransport[] = [];
const held: RawRequest[] = [];

/** Answers with what was asked, and by whom. */
const echo = ({ head, body, socket }: RawRequest): void => {
  const who = JSON.parse(Buffer.from(/c360-principal: (\S+)/.exec(head)?.[1] ?? '', 'base64url').toString()).subject;
  const { query, variables } = JSON.parse(body);
  socket.write(answerText(JSON.stringify({ data: { who, query, variables } })));
};

beforeEach(async () => {
  held.length = 0;
  server = await startRawServer(echo);
  transport = open('BEFORE_SENDING');
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((way) => way.close()));
  await server.close();
});

function open(deduplication: 'OFF' | 'BEFORE_SENDING' | 'IN_FLIGHT', timeoutMs = 5000): SubgraphTransport {
  const way = createHttpTransport({ subgraph: 'shop', url: server.url, timeoutMs, deduplication });
  opened.push(way);
  return way;
}

const ask = (way: SubgraphTransport, n: number, more: Partial<SubgraphRequest> = {}): Promise<ExecutionResult> =>
  way.execute({ query: '{ a }', variables: { n }, principal: LOCAL_ADMINISTRATOR, ...more });

describe('equal reads of a subgraph', () => {
  it('that come before one was sent share it, and each has objects of its own', async () => {
    const answers = await Promise.all([ask(transport, 1), ask(transport, 1), ask(transport, 2)]);
    expect(server.requests).toHaveLength(2);
    expect(answers[0]).toEqual(answers[1]);
    expect(answers[0]?.data).not.toBe(answers[1]?.data);
    expect(answers[2]).not.toEqual(answers[1]);
  });

  it('that come after it was sent do not, unless that is wished', async () => {
    server.onRequest = (request) => held.push(request);
    const late = open('IN_FLIGHT');
    const answers = [ask(transport, 1), ask(late, 1)];
    await until(() => held.length === 2);
    answers.push(ask(transport, 1), ask(late, 1));
    await until(() => held.length === 3);
    for (const request of held) echo(request);
    await Promise.all(answers);
    expect(server.requests).toHaveLength(3);
  });

  it('are never mutations, and never shared when it is off', async () => {
    const change = { query: 'mutation { a }' };
    await Promise.all([ask(transport, 1, change), ask(transport, 1, change)]);
    const off = open('OFF');
    await Promise.all([ask(off, 1), ask(off, 1)]);
    expect(server.requests).toHaveLength(4);
  });

  it('differ by everything that is forwarded', async () => {
    await Promise.all([
      ask(transport, 1),
      ask(transport, 2),
      ask(transport, 1, { query: '{ b }' }),
      ask(transport, 1, { operationName: 'A' }),
      ask(transport, 1, { fetches: { desk: 'DOWN' } }),
      ...[
        { subject: 'ann' },
        { roles: ['agent'] as const },
        { scopes: ['a'] },
        { customer360Id: 'c360_1' },
        { purpose: 'service' },
      ].map((more) => ask(transport, 1, { principal: { ...LOCAL_ADMINISTRATOR, ...more } })),
    ]);
    expect(server.requests).toHaveLength(10);
  });

  it('one caller that goes costs the others nothing; when all have gone the connection is cut', async () => {
    server.onRequest = (request) => held.push(request);
    const [first, second] = [new AbortController(), new AbortController()];
    const answers = [first, second].map(({ signal }) => ask(transport, 1, { signal }));
    await until(() => held.length === 1);
    first.abort(new Error('gone'));
    await expect(answers[0]).rejects.toThrow('gone');
    expect(server.open()).toBe(1);
    second.abort(new Error('gone too'));
    await expect(answers[1]).rejects.toThrow('gone too');
    await until(() => server.open() === 0);
  });

  it('each has its own deadline', async () => {
    server.onRequest = (request) => held.push(request);
    const short = ask(transport, 1, { deadline: clock() + 60 });
    const long = ask(transport, 1);
    await expect(short).rejects.toMatchObject({ code: 'SUBGRAPH_TIMEOUT' });
    await until(() => held.length === 1);
    for (const request of held) echo(request);
    expect(await long).toMatchObject({ data: { variables: { n: 1 } } });
    expect(server.requests).toHaveLength(1);
  });

  it('whoever joined late is not held to the deadline of the first', async () => {
    server.onRequest = (request) => held.push(request);
    const late = open('IN_FLIGHT');
    const short = ask(late, 1, { deadline: clock() + 80 });
    await until(() => held.length === 1);
    const long = ask(late, 1);
    await expect(short).rejects.toMatchObject({ code: 'SUBGRAPH_TIMEOUT' });
    await until(() => held.length === 2);
    for (const request of held.slice(1)) echo(request);
    expect(await long).toMatchObject({ data: { variables: { n: 1 } } });
  });

  it('a failure is everybody’s', async () => {
    server.onRequest = ({ socket }) => void socket.write(answerText('{}'));
    const results = await Promise.allSettled([ask(transport, 1), ask(transport, 1)]);
    expect(results.map((result) => result.status === 'rejected' && result.reason.code)).toEqual([
      'SUBGRAPH_DOWN',
      'SUBGRAPH_DOWN',
    ]);
    expect(server.requests).toHaveLength(1);
  });

  it('give what they would give alone, in any order, and nothing of another principal', async () => {
    const step = fc.record({
      n: fc.nat(2),
      who: fc.nat(1),
      turns: fc.nat(2),
      query: fc.constantFrom('{ a }', '{ b }'),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 25 }),
        fc.constantFrom('OFF', 'BEFORE_SENDING', 'IN_FLIGHT'),
        async (steps, kind) => {
          const way = open(kind);
          const answers: Promise<ExecutionResult>[] = [];
          for (const { n, who, turns, query } of steps) {
            for (let waited = 0; waited < turns; waited += 1) await turn();
            answers.push(ask(way, n, { query, principal: PRINCIPALS[who] as Principal }));
          }
          expect((await Promise.all(answers)).map(({ data }) => ({ ...data }))).toEqual(
            steps.map(({ n, who, query }) => ({ who: PRINCIPALS[who]?.subject, query, variables: { n } })),
          );
          await way.close();
        },
      ),
      { numRuns: 60 },
    );
  });

  it('an answer is never older than its question, unless that is wished', async () => {
    let version = 0;
    const share = createDeduplicator<number>('BEFORE_SENDING', clock);
    const read = () =>
      share.share('k', { deadline: Number.POSITIVE_INFINITY, signal: undefined }, async (work) => {
        await turn();
        work.sent();
        const seen = version;
        await turn();
        return seen;
      });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom('read', 'write', 'turn'), { maxLength: 40 }), async (steps) => {
        const reads: Promise<void>[] = [];
        for (const what of steps) {
          if (what === 'turn') await turn();
          else if (what === 'write') version += 1;
          else {
            const asked = version;
            reads.push(read().then((seen) => expect(seen).toBeGreaterThanOrEqual(asked)));
          }
        }
        await Promise.all(reads);
      }),
      { numRuns: 200 },
    );
  });
});

describe('entity fetches of different requests', () => {
  const QUERY = 'query($r: [_Any!]!, $n: Int) { _entities(representations: $r) { a } }';
  const slot = { variable: 'r', responseName: '_entities' };
  type Representation = { readonly id: number };

  /** A subgraph in memory: entities with odd ids are errors, those over 90 are not there. */
  function shop(asked: SubgraphRequest[]): SubgraphTransport {
    return {
      async execute(request) {
        asked.push(request);
        await turn();
        const representations = request.variables?.['r'] as Representation[];
        const errors = representations.flatMap(({ id }, index) =>
          id % 2 === 1 ? [{ message: `odd ${id}`, path: ['_entities', index, 'a'], extensions: { code: 'ODD' } }] : [],
        );
        const who = request.principal.subject;
        const entities = representations.map(({ id }) =>
          id > 90 ? null : { a: id % 2 === 1 ? null : `${who} ${id}` },
        );
        return { data: { _entities: entities }, ...(errors.length > 0 && { errors: errors as never }) };
      },
      async *subscribe() {},
      close: async () => {},
    };
  }

  const fetchOf = (ids: readonly number[], more: Partial<SubgraphRequest> = {}): SubgraphRequest => ({
    query: QUERY,
    variables: { r: ids.map((id) => ({ id })) },
    principal: LOCAL_ADMINISTRATOR,
    entities: slot,
    ...more,
  });
  const plain = (answer: ExecutionResult): unknown => JSON.parse(JSON.stringify(answer));

  it('give what they would give alone, and nothing of another principal', async () => {
    const step = fc.record({
      ids: fc.array(fc.nat(99), { maxLength: 5 }),
      who: fc.nat(1),
      n: fc.nat(1),
      turns: fc.nat(1),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const asked: SubgraphRequest[] = [];
        const batched = batchEntities(shop(asked), { clock, timeoutMs: 5000, maximum: 12 });
        const answers: Promise<ExecutionResult>[] = [];
        const requests = steps.map(({ ids, who, n }) =>
          fetchOf(ids, {
            variables: { r: ids.map((id) => ({ id })), n },
            principal: PRINCIPALS[who] as Principal,
          }),
        );
        for (const [index, request] of requests.entries()) {
          for (let waited = 0; waited < (steps[index]?.turns ?? 0); waited += 1) await turn();
          answers.push(batched.execute(request));
        }
        const alone = await Promise.all(requests.map((request) => shop([]).execute(request)));
        expect((await Promise.all(answers)).map(plain)).toEqual(alone.map(plain));
        for (const request of asked) {
          const representations = request.variables?.['r'] as unknown[];
          expect(representations.length).toBeLessThanOrEqual(12);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('become one', async () => {
    const asked: SubgraphRequest[] = [];
    const batched = batchEntities(shop(asked), { clock, timeoutMs: 5000 });
    await Promise.all([[0, 1], [2], [3, 4, 5]].map((ids) => batched.execute(fetchOf(ids))));
    expect(asked.map(({ variables }) => variables)).toEqual([{ r: [0, 1, 2, 3, 4, 5].map((id) => ({ id })) }]);
  });

  it('are asked for alone when the joined answer does not say whose it is', async () => {
    const asked: number[] = [];
    const vague: SubgraphTransport = {
      ...shop([]),
      async execute(request) {
        const count = JSON.stringify(request.variables).split('id').length - 1;
        asked.push(count);
        if (count > 1) return { data: null, errors: [{ message: 'too many' }] as never };
        return { data: { _entities: [{ a: 'alone' }] } };
      },
    };
    const batched = batchEntities(vague, { clock, timeoutMs: 5000 });
    const answers = await Promise.all([1, 2].map((id) => batched.execute(fetchOf([id]))));
    expect(answers).toEqual([{ data: { _entities: [{ a: 'alone' }] } }, { data: { _entities: [{ a: 'alone' }] } }]);
    expect(asked).toEqual([2, 1, 1]);
  });

  it('one caller that goes costs the others nothing', async () => {
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const signals: (AbortSignal | undefined)[] = [];
    const slow: SubgraphTransport = {
      ...shop([]),
      async execute(request) {
        signals.push(request.signal);
        await released;
        return shop([]).execute(request);
      },
    };
    const batched = batchEntities(slow, { clock, timeoutMs: 5000 });
    const gone = new AbortController();
    const first = batched.execute(fetchOf([2], { signal: gone.signal }));
    const second = batched.execute(fetchOf([4]));
    await until(() => signals.length === 1);
    gone.abort(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    expect(signals[0]?.aborted).toBe(false);
    release();
    expect(await second).toEqual({ data: { _entities: [{ a: 'local-administrator 4' }] } });
  });
});

describe('equal queries of clients', () => {
  /** An operation that counts its runs and answers when it is let. */
  function operation(kind: Executable['operationKind'] = 'query') {
    const runs: ExecutionContext[] = [];
    const waiting: (() => void)[] = [];
    const executable: Executable = {
      operationKind: kind,
      execute: (context) => {
        runs.push(context);
        const executed: Executed = {
          data: () => ({ n: context.variables['n'] }),
          bytes: () =>
            Buffer.from(JSON.stringify({ data: { n: context.variables['n'], who: context.principal.subject } })),
          errors: [],
          fetches: {},
        };
        return new Promise((resolve) => waiting.push(() => resolve(executed)));
      },
      upstream: () => ({ subgraph: 'shop', query: '', variables: {} }),
      executeEvent: () => Promise.reject(new Error('not asked for')),
    };
    const answer = (): void => {
      for (const resolve of waiting.splice(0)) resolve();
    };
    return { executable, runs, answer };
  }
  const context = (n: number, who = LOCAL_ADMINISTRATOR, signal?: AbortSignal): ExecutionContext => ({
    variables: { n },
    principal: who,
    requestId: 'r',
    ...(signal && { signal }),
  });

  it('share one run when they come before it begins', async () => {
    const { executable, runs, answer } = operation();
    const shared = createRunSharing({ kind: 'BEFORE_SENDING', clock })(executable);
    const asked = [context(1), context(1), context(2), context(1, PRINCIPALS[0])].map((each) => shared.execute(each));
    await until(() => runs.length === 3);
    asked.push(shared.execute(context(1)));
    await until(() => runs.length === 4);
    answer();
    const answers = await Promise.all(asked);
    expect(answers.map((each) => each.data())).toEqual(
      [1, 1, 2, 1, 1].map((n, index) => ({ n, who: index === 3 ? PRINCIPALS[0]?.subject : 'local-administrator' })),
    );
    expect(answers[0]?.data()).not.toBe(answers[1]?.data());
  });

  it('share one that runs when that is wished, but never one of another operation', async () => {
    const [one, other] = [operation(), operation()];
    const sharing = createRunSharing({ kind: 'IN_FLIGHT', clock });
    const [first, second] = [sharing(one.executable), sharing(other.executable)];
    const asked = [first.execute(context(1)), second.execute(context(1))];
    await until(() => one.runs.length === 1 && other.runs.length === 1);
    asked.push(first.execute(context(1)));
    one.answer();
    other.answer();
    await Promise.all(asked);
    expect([one.runs.length, other.runs.length]).toEqual([1, 1]);
  });

  it('the run ends when the last caller has gone, not before', async () => {
    const { executable, runs } = operation();
    const shared = createRunSharing({ kind: 'BEFORE_SENDING', clock })(executable);
    const [first, second] = [new AbortController(), new AbortController()];
    const asked = [first, second].map(({ signal }) => shared.execute(context(1, LOCAL_ADMINISTRATOR, signal)));
    await until(() => runs.length === 1);
    first.abort(new Error('gone'));
    await expect(asked[0]).rejects.toThrow('gone');
    expect(runs[0]?.signal?.aborted).toBe(false);
    second.abort(new Error('gone too'));
    await expect(asked[1]).rejects.toThrow('gone too');
    expect(runs[0]?.signal?.aborted).toBe(true);
  });

  it('are never mutations, and never shared when it is off', () => {
    const { executable } = operation('mutation');
    expect(createRunSharing({ kind: 'IN_FLIGHT', clock })(executable)).toBe(executable);
    const query = operation().executable;
    expect(createRunSharing({ kind: 'OFF', clock })(query)).toBe(query);
  });
});
