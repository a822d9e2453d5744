import { once } from 'node:events';
import type { Server } from 'node:http';
import { type Socket, Server as TcpServer } from 'node:net';

/** How a server is let go. */
export interface DrainLimits {
  /** How long new connections are still served, as long as they come. 0: none is. */
  readonly graceMs: number;
  /** When connections are cut that are still busy, counted from the end of the grace. */
  readonly limitMs: number;
}

/** No connection for this long ends the grace. */
const QUIET_MS = 100;
const LOOK_AGAIN_MS = 20;
/** Who has connected asks within this time, also on a busy machine. */
const UNUSED_MS = 1000;
const SHORT_TURN_MS = 0.1;
const LOOKING_LIMIT_MS = 500;

/**
 * Lets a server go without losing what it accepted: serves what still comes for the grace, then stops listening, finishes what
 * runs and closes what is idle. Whoever answers sends `connection: close` meanwhile. Resolves when no connection is left.
 */
export async function drainServer(
  server: Server,
  connections: Connections,
  { graceMs, limitMs }: DrainLimits,
): Promise<void> {
  const closed = once(server, 'close');
  if (graceMs > 0) {
    const [began, end] = [performance.now(), performance.now() + graceMs];
    while (performance.now() < Math.min(end, Math.max(began, connections.lastAt) + QUIET_MS))
      await pause(LOOK_AGAIN_MS);
    connections.hold();
    await stopListeningBetween(server, connections);
    connections.resume();
  }
  // Where it was stopped already this only does the rest: idle connections and timers.
  server.close();
  const closeIdle = (): void => {
    // An answer that had begun before keeps its connection for a next request, which nobody would take.
    server.closeIdleConnections();
    connections.closeUnused(UNUSED_MS);
  };
  closeIdle();
  const idle = setInterval(closeIdle, LOOK_AGAIN_MS);
  const limit = setTimeout(() => server.closeAllConnections(), limitMs);
  await closed;
  clearInterval(idle);
  clearTimeout(limit);
}

/** The open connections of a server, and the requests on them. */
export class Connections {
  /** How many there were so far. */
  total = 0;
  /** When the last one came, milliseconds of `performance.now`. */
  lastAt = 0;
  readonly #open = new Map<Socket, number>();
  #held: (() => void)[] | undefined;

  constructor(server: Server) {
    server.on('connection', (socket: Socket) => {
      this.total += 1;
      this.lastAt = performance.now();
      this.#open.set(socket, this.lastAt);
      socket.on('close', () => this.#open.delete(socket));
    });
  }

  /** How many are open. */
  get count(): number {
    return this.#open.size;
  }

  /** Begins the work on a request, now or when requests are not held any more. */
  take(work: () => void): void {
    if (this.#held) this.#held.push(work);
    else work();
  }

  /** Begins no work until `resume` is called. */
  hold(): void {
    this.#held ??= [];
  }

  /** Begins all work that was held. */
  resume(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const work of held) work();
  }

  /** Closes those on which nothing was ever asked and that had this long to do so; node:http does not count them as idle. */
  closeUnused(ageMs: number): void {
    const before = performance.now() - ageMs;
    for (const [socket, at] of this.#open) if (socket.bytesRead === 0 && at < before) socket.destroy();
  }
}

/**
 * Closing resets the connections that the system has taken and we have not. So it happens right after a look at all sockets that was
 * short and found none waiting, without a step in between. New requests are held meanwhile, so that such a moment comes soon;
 * under a flood it may not, so it is not looked for for ever.
 */
function stopListeningBetween(server: Server, connections: Connections): Promise<void> {
  return new Promise((resolve) => {
    let before = -1;
    let beganAt = 0;
    const end = performance.now() + LOOKING_LIMIT_MS;
    const look = (): void => {
      const isQuiet = connections.total === before && performance.now() - beganAt < SHORT_TURN_MS;
      if (isQuiet || performance.now() > end) {
        // The HTTP server's own `close` looks through its connections before it stops listening.
        TcpServer.prototype.close.call(server);
        resolve();
      } else {
        before = connections.total;
        beganAt = performance.now();
        setImmediate(look);
      }
    };
    setImmediate(look);
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
