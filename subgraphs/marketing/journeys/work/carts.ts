import { type LiveCart, readCarts } from '../live/reads.ts';
import type { Occurrence } from '../occurrence.ts';
import { entryDurations } from '../store/documents.ts';
import { type Exit, lockActiveAbout, takeOut } from '../store/exits.ts';
import type { InstanceRow } from '../store/instances.ts';
import type { TaskRow } from '../store/tasks.ts';
import { ripen, toOurClock } from './idle.ts';
import { type Findings, findingWork, type TaskWork, type WorkParts } from './task-work.ts';

const KINDS = ['CART_ABANDONED', 'CHECKOUT_ABANDONED'] as const;

type CartDuration = Awaited<ReturnType<typeof entryDurations>>[number];

/**
 * Carts that may be left: each was armed by its own events, and is read once when it is due. How long nothing was done with it is
 * told by commerce's own clock alone, so that it does not matter how far the clocks are apart, nor which events came when.
 */
export function abandonedCartWork(parts: WorkParts, readAtOnce: number): TaskWork {
  return findingWork(parts, {
    kind: 'CART',
    most: readAtOnce,
    isTimed: true,
    async find(tasks) {
      const durations = await entryDurations(parts.database, KINDS);
      const { readAtMs, carts } = await readCarts(
        parts.graph,
        tasks.map(({ object_id }) => object_id),
      );
      const nowMs = parts.clock();
      return tasks.map((task) => judgeCart(task, carts.get(task.object_id), { durations, readAtMs, nowMs }));
    },
  });
}

function judgeCart(
  task: TaskRow,
  cart: LiveCart | undefined,
  {
    durations,
    readAtMs,
    nowMs,
  }: {
    readonly durations: readonly CartDuration[];
    readonly readAtMs: number;
    readonly nowMs: number;
  },
): Findings {
  // Bought, emptied or nobody's: its next event begins anew.
  if (!cart || cart.isConverted || cart.revision === null || !cart.isIdentified) {
    return { task, occurrences: [], fate: { task, wakeMs: null } };
  }
  const idleMs = readAtMs - cart.lastActivityMs;
  const { ripe, firedMs, wakeMs } = ripen(durations, { idleMs, firedMs: task.fired_ms, nowMs });
  const leftSince = toOurClock(cart.lastActivityMs, readAtMs, nowMs);
  const occurrences = ripe
    .filter(({ kind }) => kind === 'CART_ABANDONED' || cart.hasCheckOutStarted)
    .map(({ kind, afterMs }): Occurrence => {
      const revision = cart.revision ?? '';
      return {
        kind: kind as (typeof KINDS)[number],
        dueMs: leftSince + afterMs,
        objectType: 'ShoppingCart',
        objectId: cart.id,
        revision,
        occasion: `${revision} ${afterMs}`,
        afterMs,
        customer360Id: cart.customer360Id,
        source: task.source,
        recordId: cart.customerNumber,
      };
    });
  return { task, occurrences, fate: { task, wakeMs, firedMs } };
}

/** Carts that somebody is in a journey with, and that changed: who ordered, emptied or changed it leaves at once. */
export function changedCartWork(parts: WorkParts, readAtOnce: number): TaskWork {
  return {
    kind: 'CART_CHECK',
    most: readAtOnce,
    isTimed: false,
    async read(tasks) {
      const { carts } = await readCarts(
        parts.graph,
        tasks.map(({ object_id }) => object_id),
      );
      return async (transaction, held) => {
        const instances = await lockActiveAbout(
          transaction,
          'ShoppingCart',
          held.map(({ object_id }) => object_id),
        );
        for (const instance of instances) {
          const { exits } = await parts.documents.definition(transaction, instance.journey_id, instance.version);
          const exit = exitOf(carts.get(instance.object_id), instance, new Set(exits.map(({ on }) => on)));
          if (exit) await takeOut(transaction, [instance.instance_id], exit, parts.clock());
        }
        return { fates: held.map((task) => ({ task, wakeMs: null })) };
      };
    },
  };
}

function exitOf(cart: LiveCart | undefined, { revision }: InstanceRow, exits: ReadonlySet<string>): Exit | null {
  if (cart?.isConverted) {
    return exits.has('ORDER_PLACED') ? { reason: 'ORDERED', message: `The cart ${cart.id} was ordered.` } : null;
  }
  if (!cart || cart.revision === null) {
    const isAsked = exits.has('CART_EMPTIED') || exits.has('CART_CHANGED');
    return isAsked ? { reason: 'CART_EMPTIED', message: 'The cart was emptied.' } : null;
  }
  if (cart.revision === revision || !exits.has('CART_CHANGED')) return null;
  return { reason: 'CART_CHANGED', message: 'The cart has other contents than when the journey began.' };
}
