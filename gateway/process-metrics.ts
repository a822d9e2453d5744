import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Metrics } from './metrics.ts';

/** Adds what the process itself uses: memory, CPU, and how late its event loop is. Read when somebody looks. */
export function addProcessMetrics(metrics: Metrics): void {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const cpu = { name: 'process_cpu_seconds_total', help: 'User and system CPU time of the process.' };
  metrics.gauge(cpu, () => [[[], cpuSeconds()]], 'counter');
  metrics.gauge({ name: 'process_resident_memory_bytes', help: 'Memory that the process holds.' }, () => [
    [[], process.memoryUsage.rss()],
  ]);
  metrics.gauge({ name: 'nodejs_heap_used_bytes', help: 'Part of the JavaScript heap that is in use.' }, () => [
    [[], process.memoryUsage().heapUsed],
  ]);
  const lag = { name: 'nodejs_eventloop_lag_seconds', help: 'Lateness of the event loop since it was last read.' };
  metrics.gauge({ ...lag, labels: ['quantile'] }, () => {
    const read = [0.5, 0.99].map((share) => [[String(share)], delay.percentile(share * 100) / 1e9] as const);
    delay.reset();
    return read;
  });
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
