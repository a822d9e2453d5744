import type { SubgraphRequest } from '../../schema/subgraph-transport.ts';
import { BoundedCache } from '../bounded-cache.ts';

/** Documents whose JSON text is kept: the gateway sends the same few again and again. */
const DOCUMENTS = 1_000;

/** Makes the writer of one transport: it gives the body of a GraphQL request over HTTP. */
export function createBodyWriter(): (request: SubgraphRequest) => string {
  const documents = new BoundedCache<string>(DOCUMENTS);
  return ({ query, variables, variablesJson, operationName, fetches }) => {
    const text = variablesJson ?? (variables && JSON.stringify(variables));
    let body = `{"query":${documents.getOrMake(query, () => JSON.stringify(query))}`;
    if (text !== undefined) body += `,"variables":${text}`;
    if (operationName !== undefined) body += `,"operationName":${JSON.stringify(operationName)}`;
    if (fetches) body += `,"extensions":{"fetches":${JSON.stringify(fetches)}}`;
    return `${body}}`;
  };
}
