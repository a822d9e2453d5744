/**
 * Waits for SIGTERM or SIGINT, then runs `stop` and gives the exit code 0. A second signal ends the process at once, for whoever
 * does not want to wait.
 */
export async function untilStopped(stop: () => Promise<void>): Promise<number> {
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1));
  await stop();
  return 0;
}
