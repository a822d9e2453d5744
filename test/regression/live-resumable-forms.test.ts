import { buildSchema } from 'graphql';
import { Resumptions } from '../../gateway/subscribe/resumption.ts';

const SCHEMA = buildSchema(`
  scalar Cursor
  type Query { a: Int }
  type Subscription {
    one(since: Cursor): One!  many(since: Cursor): [One!]!  objects(since: At): Objects!  numbers(since: Int): Numbers!
    other(since: Int): One!
  }
  type One { cursor: Cursor!  value: String }
  input At { at: Int! }
  type Place { at: Int! }
  type Objects { cursor: Place!  value: String }
  type Numbers { cursor: Int!  value: String }
`);
const of = (query: string) => new Resumptions().of({ subgraph: 'a', query, variables: {} }, SCHEMA);

it.each(['many', 'objects', 'other'])('`%s` has no cursor that can be handed back, and is asked as it is', (field) => {
  expect(of(`subscription { ${field} { value } }`)).toBeUndefined();
});

it('the id of an event stream is a number where the cursor is one', () => {
  expect(of('subscription { numbers { value } }')?.cursorOf('7')).toBe(7);
  expect(of('subscription { one { value } }')?.cursorOf('7')).toBe('7');
});

it('what is added to an operation does not meet with the names of the client', () => {
  const resumption = of('subscription ($_c360_since: Cursor) { one(since: $_c360_since) { _c360_cursor: value } }');
  const event = { data: { one: { _c360_cursor: 'v', _c360_cursor_: 'c' } } };
  expect(resumption?.open(event)).toEqual({ event: { data: { one: { _c360_cursor: 'v' } } }, cursor: 'c' });
  expect(resumption?.operationAt('c').query).toContain('one(since: $_c360_since_)');
});
