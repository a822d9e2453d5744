import { GraphQLError } from 'graphql';
import type { ResponsePath } from './walk.ts';

/**
 * A value that may not stand where a subgraph, or its silence, put it: a null where none may be, a value that its type does
 * not have. The message names schema and no values.
 */
export class InvalidValue extends GraphQLError {
  constructor(message: string, path: ResponsePath) {
    super(message, { path, extensions: { code: 'INTERNAL_SERVER_ERROR' } });
    this.name = 'InvalidValue';
  }
}
