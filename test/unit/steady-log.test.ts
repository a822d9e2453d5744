import { Writable } from 'node:stream';
import pino from 'pino';
import { type Later, steadyLog } from '../../gateway/start/steady-log.ts';

it('tells a warning once as long as it comes again, and when it is over, with how often it came', () => {
  const lines: Record<string, unknown>[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      const { level, msg, cloud, times } = JSON.parse(String(chunk));
      lines.push({ level, msg, ...(cloud && { cloud }), ...(times && { times }) });
      done();
    },
  });
  const due = new Set<() => void>();
  const later: Later = (_milliseconds, callback) => {
    due.add(callback);
    return () => due.delete(callback);
  };
  const pass = (): void => {
    for (const callback of [...due]) callback();
    due.clear();
  };
  const log = steadyLog(pino({ base: null }, stream), later);
  for (let failures = 1; failures <= 300; failures += 1) {
    log.warn('The store of commerce failed.');
    log.warn({ cloud: 'service', failures }, 'It could not be followed.');
  }
  log.warn({ cloud: 'marketing', failures: 1 }, 'It could not be followed.');
  log.error('told as ever');
  const away = [
    { level: 40, msg: 'The store of commerce failed.' },
    { level: 40, msg: 'It could not be followed.', cloud: 'service' },
    { level: 40, msg: 'It could not be followed.', cloud: 'marketing' },
    { level: 50, msg: 'told as ever' },
  ];
  expect(lines).toEqual(away);
  pass();
  const over = [
    { level: 30, msg: 'No more for 30 s: The store of commerce failed.', times: 300 },
    { level: 30, msg: 'No more for 30 s: It could not be followed.', cloud: 'service', times: 300 },
  ];
  expect(lines).toEqual([...away, ...over]);
  log.warn('The store of commerce failed.');
  expect(lines).toEqual([...away, ...over, away[0]]);
  pass();
  expect(lines).toHaveLength(7);
});
