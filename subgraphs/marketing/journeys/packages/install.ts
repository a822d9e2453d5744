import type { Queryable } from '../../../../database/database.ts';
import { CodedError } from '../../../../schema/errors.ts';
import {
  deleteInstallation,
  type Installation,
  lockPackage,
  readInstallations,
  unlistJourney,
  writeInstallation,
} from './installation-store.ts';
import type { JourneyPackage, PackageObject } from './journey-package.ts';
import { isSame, type ObjectChange, removalOf } from './package-changes.ts';
import { compareWithStanding, type Draft, draftPackage, liveRequirements, type PlannerParts } from './planner.ts';
import type { Requirement } from './requirement.ts';

/** How journeys are saved and stopped: by the engine, whose they are. */
export interface JourneySaves {
  /** Saves a version that people enter from now on; a journey that is paused stays so. */
  save(transaction: Queryable, journey: { document: string; packageName: string; by: string }): Promise<void>;
  /** Takes everybody out, and nobody enters any more. */
  stop(transaction: Queryable, journey: { journeyId: string; by: string }): Promise<void>;
}

/** Who installs what. */
export interface InstallRequest {
  readonly journeyPackage: JourneyPackage;
  readonly settings: string | null;
  readonly isOverwritingEdits: boolean;
  readonly by: string;
}

/** Installs in a transaction; gives what was changed. Throws CONFLICT or BAD_USER_INPUT. */
export type InstallStep = (transaction: Queryable) => Promise<readonly ObjectChange[]>;

/**
 * Looks at everything that takes time, outside of any transaction, and gives the step that installs the package, or brings it to the
 * version at hand and to other settings. People stay in the version they are in; a journey whose document stays the same gets no
 * new one. Throws BAD_USER_INPUT when `settings` is no JSON object; what else is in the way, the step throws.
 */
export async function prepareInstallation(
  parts: PlannerParts,
  journeys: JourneySaves,
  request: InstallRequest,
): Promise<InstallStep> {
  const { journeyPackage } = request;
  const { name } = journeyPackage;
  const before = (await readInstallations(parts.database, [name])).get(name);
  const draft = await draftPackage(parts, journeyPackage, request.settings, before);
  const live = await liveRequirements(parts, draft);
  return async (transaction) => {
    await lockPackage(transaction, name);
    const installation = (await readInstallations(transaction, [name])).get(name);
    if (JSON.stringify(installation) !== JSON.stringify(before)) {
      throw new CodedError('CONFLICT', `The package ${name} was installed by somebody else meanwhile.`);
    }
    const standing = await compareWithStanding(transaction, draft, installation);
    refuseFaults(draft);
    const { requirements, editRequirements } = standing;
    refuseUnmet([...live, ...requirements, ...(request.isOverwritingEdits ? [] : editRequirements)]);
    const at = { by: request.by, now: new Date(parts.clock()) };
    await applyChanges(transaction, journeys, { ...draft, changes: standing.changes, name, by: request.by });
    const wanted: Installation = {
      name,
      version: journeyPackage.version,
      settings: draft.settings,
      objects: draft.objects,
    };
    if (!isInstalled(wanted, installation)) await writeInstallation(transaction, wanted, at);
    return standing.changes;
  };
}

/** Removes exactly what the installation of a package made. Throws NOT_FOUND when it is not installed. */
export async function uninstallPackage(
  transaction: Queryable,
  journeys: JourneySaves,
  { name, by }: { readonly name: string; readonly by: string },
): Promise<readonly ObjectChange[]> {
  await lockPackage(transaction, name);
  const installation = (await readInstallations(transaction, [name])).get(name);
  if (!installation) throw new CodedError('NOT_FOUND', `The package ${name} is not installed.`);
  const changes = installation.objects.map(removalOf);
  await applyChanges(transaction, journeys, { objects: [], changes, name, by });
  await deleteInstallation(transaction, name);
  return changes;
}

async function applyChanges(
  transaction: Queryable,
  journeys: JourneySaves,
  work: {
    readonly objects: readonly PackageObject[];
    readonly changes: readonly ObjectChange[];
    readonly name: string;
    readonly by: string;
  },
): Promise<void> {
  const { objects, changes, name, by } = work;
  for (const { objectType, objectId, change } of changes) {
    // An operation is the row of the installation itself.
    if (objectType !== 'Journey') continue;
    const document = objects.find(
      (object) => object.objectType === objectType && object.objectId === objectId,
    )?.document;
    if (change === 'DELETED') {
      await journeys.stop(transaction, { journeyId: objectId, by });
      await unlistJourney(transaction, objectId);
    } else if (document !== undefined) {
      await journeys.save(transaction, { document, packageName: name, by });
    }
  }
}

function refuseFaults({ requirements }: Draft): void {
  const wrong = requirements.filter(({ isMet }) => !isMet);
  if (wrong.length === 0) return;
  throw new CodedError('BAD_USER_INPUT', wrong.map(({ remedy }) => remedy).join(' '));
}

function refuseUnmet(requirements: readonly Requirement[]): void {
  const unmet = requirements.filter(({ isMet }) => !isMet);
  if (unmet.length === 0) return;
  throw new CodedError(
    'CONFLICT',
    unmet.map(({ requirement, remedy }) => `Not so: ${requirement} ${remedy}`).join(' '),
  );
}

function isInstalled(wanted: Installation, installation: Installation | undefined): boolean {
  if (installation?.version !== wanted.version || installation.objects.length !== wanted.objects.length) return false;
  if (!isSame(JSON.stringify(installation.settings), JSON.stringify(wanted.settings))) return false;
  return wanted.objects.every(({ objectType, objectId, document }) => {
    const made = installation.objects.find((one) => one.objectType === objectType && one.objectId === objectId);
    return made !== undefined && isSame(made.document, document);
  });
}
