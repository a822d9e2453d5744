import { CLOUDS } from '../../schema/clouds.ts';
import { LOCAL_ADMINISTRATOR } from '../../schema/principal.ts';
import { natsAvailable, TestNats } from '../support/nats.ts';
import { startWhole, type Whole } from '../support/whole.ts';

const suite = natsAvailable() ? describe : describe.skip;
const SUBSCRIPTION = 'subscription { commerceEvents { cursor events { eventType objectId } } }';

suite('Customer 360 with NATS', () => {
  let server: TestNats;
  let whole: Whole;

  beforeAll(async () => {
    server = await TestNats.reserve();
    // Nobody waits for it at the start.
    whole = await startWhole({ people: 20, environment: { NATS_URL: `nats://user:secret@127.0.0.1:${server.port}` } });
  });
  afterAll(async () => {
    await whole.close();
    await server.close();
  });

  const metrics = async (): Promise<string> => (await fetch(`${whole.running.origin}/metrics`)).text();
  const numberOf = (text: string, series: string): number =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${series} `))
        ?.split(' ')[1],
    );

  async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await condition())) await new Promise(setImmediate);
  }

  it('serves events from the store while the server is away, and from the server when it is there', async () => {
    const store = await whole.storeOf('commerce');
    const [cart] = await store.query<{ cart_id: string }>('SELECT cart_id FROM commerce.cart LIMIT 1');
    const touch = () =>
      store.query('UPDATE commerce.cart SET touched_at = clock_timestamp() WHERE cart_id = $1', [cart?.cart_id]);
    const cursors: number[] = [];
    const answers = whole.running.subscribe(
      { query: SUBSCRIPTION },
      { principal: LOCAL_ADMINISTRATOR, requestId: 'events' },
    );
    const reading = (async () => {
      for await (const { data, errors } of answers) {
        expect(errors).toBeUndefined();
        cursors.push(Number((data as { commerceEvents: { cursor: string } }).commerceEvents.cursor));
      }
    })();
    await until(() => cursors.length > 0);
    const before = cursors.length;
    await touch();
    await until(() => cursors.length > before);
    expect(numberOf(await metrics(), 'c360_nats_up')).toBe(0);
    await server.run();
    await until(async () => {
      await touch();
      return numberOf(await metrics(), 'c360_events_read_total{store="commerce",from="nats"}') > 0;
    });
    const text = await metrics();
    expect(numberOf(text, 'c360_nats_up')).toBe(1);
    for (const { name } of CLOUDS) {
      await until(async () => numberOf(await metrics(), `c360_event_relay_lag_seconds{store="${name}"}`) === 0);
    }
    await until(async () => numberOf(await metrics(), 'c360_event_relay_active{store="identity"}') === 1);
    expect(cursors).toEqual([...new Set(cursors)].sort((left, right) => left - right));
    await answers.return?.();
    await reading;
    expect(whole.log.join('\n')).not.toContain('secret');
    expect(whole.log.filter((line) => line.includes("can't be reached"))).toHaveLength(1);
  });
});
