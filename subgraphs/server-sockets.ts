import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { useServer as serveProtocol } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { CodedError, ERRORS } from '../schema/errors.ts';
import { executeOperation, prepareOperation, subscribeToOperation } from './execute.ts';
import { type Fault, maskErrors } from './mask.ts';
import { parseOperation, readPrincipal, refusePages } from './server-request.ts';
import type { SignatureCheck } from './server-signature.ts';
import type { Subgraph } from './subgraph.ts';

/** Largest message of a client, in bytes. */
const MESSAGE_LIMIT = 1024 * 1024;

/** Serves subscriptions over WebSocket (graphql-transport-ws) at /graphql of the server. */
export function serveSubscriptions(
  server: Server,
  subgraph: Subgraph,
  onFault: (fault: Fault) => void,
  signatures: SignatureCheck | undefined,
): { close(): Promise<void> } {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MESSAGE_LIMIT });
  const serving = serveProtocol(
    {
      onSubscribe: (context, _id, payload) => {
        try {
          const principal = readPrincipal(context.extra.request);
          return prepareOperation(subgraph, { ...parseOperation(payload), principal });
        } catch (error) {
          if (error instanceof CodedError) return [error];
          throw error;
        }
      },
      execute: executeOperation,
      subscribe: subscribeToOperation,
      onNext: (_context, _id, _payload, _args, { data, errors }) => {
        if (!errors) return undefined;
        const masked = maskErrors(errors, onFault).map((error) => error.toJSON());
        return data === undefined ? { errors: masked } : { data, errors: masked };
      },
      isProd: true,
    },
    sockets,
  );
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // node:http has let go of the connection: an error that nobody listens to, such as a reset, would end the process.
    socket.on('error', () => socket.destroy());
    if ((request.url ?? '').split('?')[0] !== '/graphql') {
      socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n');
      return;
    }
    try {
      refusePages(request, signatures);
      signatures?.checkHead(request)('');
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      refuse(socket, error);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (client) => sockets.emit('connection', client, request));
  });
  return {
    close: async () => {
      await serving.dispose();
    },
  };
}

function refuse(socket: Duplex, error: CodedError): void {
  const body = JSON.stringify({ errors: [error] });
  const { status } = ERRORS[error.code];
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
