import type { ChangeKind } from '../../../../schema/generated/marketing.ts';
import type { Installation, PresentJourney } from './installation-store.ts';
import type { PackageObject, PackageObjectType } from './journey-package.ts';
import { readableDocument } from './readable-document.ts';
import { unifiedDiff } from './unified-diff.ts';

/** What an installation does to one object. */
export interface ObjectChange {
  readonly objectType: PackageObjectType;
  readonly objectId: string;
  readonly change: ChangeKind;
  /** Null for what is new or gone, or only goes on after it was stopped. */
  readonly diff: string | null;
}

/** What an installation does, and what stands in its way. */
export interface PackageChanges {
  /** Nothing for objects that are as they shall be. */
  readonly changes: readonly ObjectChange[];
  /** Keys of journeys that were changed or stopped by hand since they were installed. */
  readonly edited: readonly string[];
  /** Keys of journeys that somebody else made under the same key. */
  readonly foreign: readonly string[];
}

/** Compares what shall be with what is: `present` has the journeys as they are now, by key. */
export function compareObjects(
  wanted: readonly PackageObject[],
  installation: Installation | undefined,
  present: ReadonlyMap<string, PresentJourney>,
): PackageChanges {
  const installed = new Map(installation?.objects.map((object) => [keyOf(object), object]));
  const current = (object: PackageObject): string | undefined => {
    if (object.objectType === 'Operation') return installed.get(keyOf(object))?.document;
    const journey = present.get(object.objectId);
    return journey?.isListed ? journey.document : undefined;
  };
  const isStopped = ({ objectType, objectId }: PackageObject): boolean =>
    objectType === 'Journey' && present.get(objectId)?.isStopped === true;
  const edited = [...installed.values()].filter((object) => {
    const document = current(object);
    return document !== undefined && (isStopped(object) || !isSame(document, object.document));
  });
  const isForeign = (object: PackageObject) => current(object) !== undefined && !installed.has(keyOf(object));
  const goingOn = new Set(wanted.map(keyOf));
  return {
    changes: [
      ...wanted.flatMap((object) => changeOf(object, current(object), isStopped(object))),
      ...[...installed.values()].flatMap((object) => (goingOn.has(keyOf(object)) ? [] : [removalOf(object)])),
    ],
    edited: edited.map(({ objectId }) => objectId),
    foreign: wanted.filter(isForeign).map(({ objectId }) => objectId),
  };
}

/** The change that takes an object away. */
export function removalOf({ objectType, objectId }: PackageObject): ObjectChange {
  return { objectType, objectId, change: 'DELETED', diff: null };
}

/** Whether two documents say the same, however they are written. */
export function isSame(one: string, other: string): boolean {
  return one === other || canonical(one) === canonical(other);
}

function changeOf(object: PackageObject, current: string | undefined, isStopped: boolean): ObjectChange[] {
  const { objectType, objectId, document } = object;
  if (current === undefined) return [{ objectType, objectId, change: 'CREATED', diff: null }];
  if (isSame(current, document)) return isStopped ? [{ objectType, objectId, change: 'UPDATED', diff: null }] : [];
  return [
    {
      objectType,
      objectId,
      change: 'UPDATED',
      diff: unifiedDiff(readableDocument(current), readableDocument(document)),
    },
  ];
}

function keyOf({ objectType, objectId }: PackageObject): string {
  return `${objectType} ${objectId}`;
}

/** JSON with its keys in order; what is not JSON stays as it is. */
function canonical(document: string): string {
  try {
    return JSON.stringify(JSON.parse(document), (_key, value: unknown) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
        : value,
    );
  } catch {
    return document;
  }
}
