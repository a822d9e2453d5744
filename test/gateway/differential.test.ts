import fc from 'fast-check';
import { execute, parse, validate } from 'graphql';
import { createGateway, type Gateway } from '../../gateway/gateway.ts';
import { createApolloReference } from '../support/harbour/apollo-reference.ts';
import { makeHarbourData } from '../support/harbour/data.ts';
import { createHarbour } from '../support/harbour/harbour.ts';
import { drawFrom, type GeneratedOperation, makeOperation } from '../support/harbour/operations.ts';

/**
 * Generated operations over generated data. What plain graphql-js answers over one schema of the same data is the truth: our gateway
 * has to give the same text, with either planner. Longer runs: DIFFERENTIAL_RUNS=10000 DIFFERENTIAL_SEED=1.
 */
const RUNS = Number(process.env['DIFFERENTIAL_RUNS'] ?? 400);
const SEED = Number(process.env['DIFFERENTIAL_SEED'] ?? 20_26);
const TIME_LIMIT_MS = process.env['DIFFERENTIAL_RUNS'] ? 3_600_000 : 8000;

const harbour = createHarbour();
const askApollo = createApolloReference(harbour);
const gateways: Record<string, Gateway> = {};

beforeAll(async () => {
  for (const planner of ['rust', 'apollo'] as const) {
    gateways[planner] = await createGateway({
      supergraphSdl: harbour.supergraphSdl,
      transportTo: ({ name }) => {
        const transport = harbour.transports[name];
        if (!transport) throw new Error(`No subgraph ${name}.`);
        return transport;
      },
      planner,
      deduplication: 'OFF',
      passesSubgraphErrors: true,
      guard: {
        limits: { aliases: 500, directives: 500, tokens: 20_000, depth: 40, rootFields: 100, overlaps: 1_000_000 },
      },
    });
  }
});

afterAll(async () => {
  for (const gateway of Object.values(gateways)) await gateway.close();
});

const numbers = fc.array(fc.nat(999), { size: 'max', maxLength: 300 });
const generated = fc.record({ data: numbers, operation: numbers });

interface Answered {
  readonly text: string;
  readonly hasErrors: boolean;
}

function prepare({ operation: choices }: { operation: number[] }): GeneratedOperation | undefined {
  const operation = makeOperation(harbour.monolith, drawFrom(choices));
  return validate(harbour.monolith, parse(operation.query)).length === 0 ? operation : undefined;
}

function useData(choices: readonly number[]): void {
  harbour.use(makeHarbourData(drawFrom(choices)));
}

async function truthOf(data: readonly number[], { query, variables }: GeneratedOperation): Promise<Answered> {
  useData(data);
  const result = await execute({ schema: harbour.monolith, document: parse(query), variableValues: variables });
  return { text: JSON.stringify(result.data ?? null), hasErrors: result.errors !== undefined };
}

async function ask(
  planner: string,
  data: readonly number[],
  { query, variables }: GeneratedOperation,
): Promise<Answered> {
  useData(data);
  const caller = { principal: { subject: 'test', roles: [], scopes: [] }, requestId: 'test' };
  const answer = await gateways[planner]?.execute({ query, variables }, caller);
  return { text: JSON.stringify(answer?.data ?? null), hasErrors: answer?.errors !== undefined };
}

describe.each(['rust', 'apollo'])('the gateway with the %s planner', (planner) => {
  it('answers generated operations as one schema over the same data does', async () => {
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(generated, async (given) => {
        const operation = prepare(given);
        if (!operation) return;
        const truth = await truthOf(given.data, operation);
        const answer = await ask(planner, given.data, operation);
        compared += 1;
        if (truth.text !== answer.text || truth.hasErrors !== answer.hasErrors) {
          throw new Error(
            `${operation.query}\n${JSON.stringify(operation.variables)}\ntruth:  ${JSON.stringify(truth)}\nanswer: ${JSON.stringify(answer)}`,
          );
        }
      }),
      { numRuns: RUNS, seed: SEED, interruptAfterTimeLimit: TIME_LIMIT_MS, endOnFailure: false },
    );
    expect(compared).toBeGreaterThan(20);
  });
});
