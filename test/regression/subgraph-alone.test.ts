import { readConfig } from '../../gateway/config.ts';
import { createLog } from '../../gateway/log.ts';
import { startSubgraph } from '../../gateway/main.ts';
import { ConfigInvalid } from '../../gateway/variable-reader.ts';

const FLAGS = { port: '0', data: 'memory', command: 'subgraph' } as const;
const parts = { log: createLog('silent'), samplePeople: 5 };

it('a subgraph alone tells its metrics: the relay of its events, journeys and the process are nowhere else', async () => {
  const running = await startSubgraph('marketing', readConfig({}, FLAGS), parts);
  try {
    const response = await fetch(`${running.origin}/metrics`);
    expect(response.headers.get('content-type')).toMatch('text/plain');
    const text = await response.text();
    expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
  } finally {
    await running.close();
  }
});

it('marketing alone whose graph nobody serves answers, and tells that its journeys stand still', async () => {
  const environment = { UNIFIED_GRAPH_URL: 'http://127.0.0.1:1/graphql', UNIFIED_GRAPH_TOKEN: 'token' };
  const running = await startSubgraph('marketing', readConfig(environment, FLAGS), parts);
  try {
    const logs = ['commerce', 'service', 'marketing', 'identity'];
    const unready = async (): Promise<readonly string[]> => {
      const response = await fetch(`${running.origin}/health/ready`);
      expect(response.status).toBe(200);
      return ((await response.json()) as { unready?: string[] }).unready ?? [];
    };
    while ((await unready()).length < logs.length);
    expect(await unready()).toEqual(logs.map((log) => `journeys:${log}`));
    const metrics = await (await fetch(`${running.origin}/metrics`)).text();
    for (const log of logs) expect(metrics).toContain(`c360_journey_events_followed{log="${log}"} 0`);
  } finally {
    await running.close();
  }
});

it('marketing alone sends no mail whose links to unsubscribe no gateway can read', async () => {
  const environment = {
    SMTP_URL: 'smtp://127.0.0.1:25',
    MAIL_FROM: 'a@shop.example',
    PUBLIC_URL: 'https://shop.example',
  };
  const refused = startSubgraph('marketing', readConfig(environment, FLAGS), parts);
  await expect(refused).rejects.toThrow(ConfigInvalid);
  await expect(refused).rejects.toThrow('UNSUBSCRIBE_KEY');
});
