import type { InstanceRow } from '../store/instances.ts';

/** What is to change so that nobody is twice in a journey that one may be in once. */
export interface Arrangement {
  /** Instances that are somebody else's now. */
  readonly moved: readonly { readonly row: InstanceRow; readonly owner: string }[];
  /** Those that become part of an earlier one, or of another than before. */
  readonly folded: readonly { readonly row: InstanceRow; readonly into: InstanceRow }[];
  /** Those that were folded and go on by themselves. */
  readonly freed: readonly InstanceRow[];
}

/**
 * Arranges instances anew after their owners were read: a function of who owns what now, whatever was before. Of several active ones
 * of one person and journey the earliest goes on, and the others are part of it; one that was folded into an instance of somebody
 * else is free again.
 */
export function arrange(rows: readonly InstanceRow[], ownerOf: (row: InstanceRow) => string): Arrangement {
  const byId = new Map(rows.map((row) => [row.instance_id, row]));
  const owners = new Map(rows.map((row) => [row.instance_id, ownerOf(row)]));
  const moved = rows.flatMap((row) => {
    const owner = owners.get(row.instance_id) ?? row.customer360_id;
    return owner === row.customer360_id ? [] : [{ row, owner }];
  });
  const candidates = new Map<string, InstanceRow[]>();
  for (const row of rows) {
    if (!row.is_single || !mayGoOn(row, byId, owners)) continue;
    const key = `${row.journey_id} ${owners.get(row.instance_id)}`;
    candidates.set(key, [...(candidates.get(key) ?? []), row]);
  }
  const folded: { row: InstanceRow; into: InstanceRow }[] = [];
  const freed: InstanceRow[] = [];
  for (const group of candidates.values()) {
    const [first, ...others] = group.sort(byEntry);
    if (!first) continue;
    if (first.status === 'FOLDED') freed.push(first);
    for (const row of others) {
      if (row.folded_into !== first.instance_id) folded.push({ row, into: first });
    }
  }
  return { moved, folded, freed };
}

/** Active, or folded into one that is another person's now. */
function mayGoOn(
  row: InstanceRow,
  byId: ReadonlyMap<string, InstanceRow>,
  owners: ReadonlyMap<string, string>,
): boolean {
  if (row.status === 'WAITING' || row.status === 'DEFERRED' || row.status === 'PAUSED') return true;
  if (row.status !== 'FOLDED' || row.folded_into === null) return false;
  const into = byId.get(row.folded_into);
  return into !== undefined && owners.get(into.instance_id) !== owners.get(row.instance_id);
}

function byEntry(one: InstanceRow, other: InstanceRow): number {
  const later = one.entered_on.getTime() - other.entered_on.getTime();
  return later !== 0 ? later : one.instance_id < other.instance_id ? -1 : 1;
}
