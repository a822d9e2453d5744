import { GraphQLError } from 'graphql';
import { respond } from '../../gateway/stages/respond.ts';

const shaping = { requestId: 'r1', onMasked: () => undefined };

it('the error of a fetch that identity needed names a path of the answer, not a field that nobody selected', () => {
  const failed = new GraphQLError('down', {
    path: ['customerBy', 'commerceProfiles'],
    extensions: { code: 'SUBGRAPH_DOWN', subgraph: 'commerce' },
  });
  const executed = { data: { customerBy: { firstName: 'Alice' } }, errors: [failed], fetches: {} };
  const { body } = respond(executed, shaping);
  expect(body.errors).toEqual([
    { message: 'down', path: ['customerBy'], extensions: { code: 'SUBGRAPH_DOWN', subgraph: 'commerce' } },
  ]);
});

it('keeps a path that the answer has, through lists and down to null', () => {
  const failed = new GraphQLError('down', { path: ['a', 1, 'b'], extensions: { code: 'SUBGRAPH_DOWN' } });
  const { body } = respond({ data: { a: [{ b: 1 }, { b: null }] }, errors: [failed], fetches: {} }, shaping);
  expect(body.errors?.[0]?.path).toEqual(['a', 1, 'b']);
});
