import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Sample, Started } from './server.ts';

/** Customer 360 in a process of its own, so that the load's own work is not measured with it. */
export interface MeasuredProcess extends Started {
  sample(): Promise<Sample>;
  stop(): Promise<void>;
}

/** Starts it with these variables beside the environment and waits until it serves. Rejects when it ends before. */
export async function startMeasuredProcess(variables: Record<string, string>): Promise<MeasuredProcess> {
  const child = fork(join(__dirname, 'server.js'), { env: { ...process.env, ...variables } });
  const started = (await nextMessage(child)) as Started;
  return {
    ...started,
    sample: async () => {
      child.send('sample');
      return (await nextMessage(child)) as Sample;
    },
    stop: async () => {
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}

async function nextMessage(child: ChildProcess): Promise<unknown> {
  const ended = new AbortController();
  const onExit = () => ended.abort(new Error('The measured process ended.'));
  child.once('exit', onExit);
  try {
    const [message] = await once(child, 'message', { signal: ended.signal });
    return message;
  } finally {
    child.off('exit', onExit);
  }
}
