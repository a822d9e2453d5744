import { machineClock } from './clock.ts';
import { change, type StoreOf, type Target } from './people.ts';

/** How to write. */
export interface WriteOrder {
  readonly targets: readonly Target[];
  readonly perSecond: number;
  readonly seconds: number;
}

/** When each event was committed, by person, in order. */
export type Commits = Record<string, number[]>;

/** Writers' turns each second: what is due in one is written side by side. */
const TURNS_PER_SECOND = 200;

/** Writes events evenly, person by person, each in a transaction of its own. Gives when each was committed. */
export async function writeEvents({ targets, perSecond, seconds }: WriteOrder, storeOf: StoreOf): Promise<Commits> {
  const commits: Commits = {};
  const last = new Map<string, Promise<void>>();
  const began = machineClock();
  let told = 0;
  for (let turn = 1; turn <= seconds * TURNS_PER_SECOND; turn += 1) {
    const due = Math.floor((turn * perSecond) / TURNS_PER_SECOND);
    for (; told < due; told += 1) {
      const target = targets[told % targets.length] as Target;
      // A person's events are written one after the other, so that their order is known.
      const written = (last.get(target.customer360Id) ?? Promise.resolve()).then(async () => {
        await change(target, storeOf);
        commits[target.customer360Id] ??= [];
        commits[target.customer360Id]?.push(machineClock());
      });
      last.set(target.customer360Id, written);
    }
    const waitMs = began + (turn * 1000) / TURNS_PER_SECOND - machineClock();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
  await Promise.all(last.values());
  return commits;
}
