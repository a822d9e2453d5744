/** One event of a stream. */
export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
}

/** No event of ours is larger; a server that sends more is none of ours. */
const EVENT_LIMIT = 16 * 1024 * 1024;

/** Reads server-sent events until the stream ends. Throws when one is larger than 16 MiB. */
export async function* readEventStream(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true }).replaceAll('\r\n', '\n');
    if (rest.length > EVENT_LIMIT) throw new Error('An event of the unified graph is too large.');
    const blocks = rest.split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const event = parseBlock(block);
      if (event) yield event;
    }
  }
}

/** Comments keep the connection alive and say nothing. */
function parseBlock(block: string): ServerSentEvent | undefined {
  let event = 'message';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const [field = '', ...value] = line.split(':');
    const text = value.join(':').replace(/^ /, '');
    if (field === 'event') event = text;
    else if (field === 'data') data.push(text);
  }
  return data.length === 0 && event === 'message' ? undefined : { event, data: data.join('\n') };
}
