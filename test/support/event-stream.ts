import { type ClientRequest, type IncomingMessage, request } from 'node:http';

/** One server-sent event. */
export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
  readonly id?: string;
}

/** What is asked of a stream. */
export interface StreamRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A client of server-sent events that sees what is on the wire. */
export class EventStreamClient {
  readonly events: ServerSentEvent[] = [];
  /** Lines that are comments. */
  comments = 0;
  isEnded = false;
  readonly response: IncomingMessage;
  readonly #request: ClientRequest;
  #rest = '';
  #wake: (() => void)[] = [];

  private constructor(outgoing: ClientRequest, response: IncomingMessage) {
    this.#request = outgoing;
    this.response = response;
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.#take(text));
    const end = () => {
      this.isEnded = true;
      this.#notify();
    };
    response.on('end', end);
    response.on('error', end);
  }

  /** Asks and resolves as soon as the answer begins. */
  static open(url: string, { method = 'POST', headers = {}, body }: StreamRequest): Promise<EventStreamClient> {
    return new Promise((resolve, reject) => {
      const type = body === undefined ? {} : { 'content-type': 'application/json' };
      const outgoing = request(url, { method, headers: { accept: 'text/event-stream', ...type, ...headers } });
      outgoing.on('response', (response) => resolve(new EventStreamClient(outgoing, response)));
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  /** Follows an operation. */
  static follow(url: string, query: string, variables?: Record<string, unknown>, headers?: Record<string, string>) {
    return EventStreamClient.open(url, { body: JSON.stringify({ query, variables }), ...(headers && { headers }) });
  }

  /** What `next` events carried. */
  get answers(): Record<string, unknown>[] {
    return this.events.filter(({ event }) => event === 'next').map(({ data }) => JSON.parse(data));
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.isEnded) throw new Error('The stream has ended.');
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  async untilEnded(): Promise<void> {
    while (!this.isEnded) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  close(): void {
    this.#request.destroy();
  }

  #take(text: string): void {
    const blocks = `${this.#rest}${text}`.split('\n\n');
    this.#rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map<string, string>();
      for (const line of block.split('\n')) {
        const colon = line.indexOf(':');
        if (colon === 0) this.comments += 1;
        else fields.set(line.slice(0, colon), line.slice(colon + 1).replace(/^ /, ''));
      }
      const [event, data, id] = [fields.get('event'), fields.get('data'), fields.get('id')];
      if (data !== undefined) this.events.push({ event: event ?? 'message', data, ...(id !== undefined && { id }) });
    }
    this.#notify();
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
  }
}
