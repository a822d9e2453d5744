import type { Database, Queryable } from '../../../../database/database.ts';
import type { Clock } from '../../../../schema/clock.ts';
import type { UnifiedGraph } from '../../../../schema/unified-graph.ts';
import type { CheckedDefinition } from '../check-definition.ts';
import type { JourneyDefinition } from '../definition.ts';
import { type Installation, readInstallations, readPresentJourneys } from './installation-store.ts';
import type { JourneyPackage, PackageObject, PackageSettings } from './journey-package.ts';
import { journeyRequirements, operationRequirement } from './live-requirements.ts';
import { compareObjects, type ObjectChange } from './package-changes.ts';
import { met, type Requirement, unmet, withoutFaults } from './requirement.ts';
import { checkSettings, parseSettings } from './settings.ts';
import { type HoldsFor, type WouldHaveEntered, wouldHaveEntered } from './would-have-entered.ts';

/** What plans are made with. */
export interface PlannerParts {
  readonly database: Database;
  readonly clock: Clock;
  /** Null where this process has no way to the unified graph. */
  readonly graph: UnifiedGraph | null;
  /** True when messages leave by a mail server, false when they are kept in the local outbox. */
  readonly isMailLeaving: boolean;
  readonly checkDefinition: (document: string) => CheckedDefinition;
  /** What is wrong with the templates of a journey's messages; none, when they can be rendered. */
  readonly findTemplateFaults: (definition: JourneyDefinition) => Promise<readonly string[]>;
  readonly holdsFor: HoldsFor;
}

/** What an installation would do. */
export interface PackagePlan {
  readonly name: string;
  readonly version: number;
  readonly isInstallable: boolean;
  readonly requirements: readonly Requirement[];
  readonly changes: readonly ObjectChange[];
  readonly settings: PackageSettings;
  readonly wouldHaveEntered: WouldHaveEntered | null;
}

/** What shall be, with what this process can tell about it alone. */
export interface Draft {
  readonly settings: PackageSettings;
  readonly objects: readonly PackageObject[];
  readonly definitions: readonly JourneyDefinition[];
  readonly requirements: readonly Requirement[];
}

/** Example values that nobody may send under. */
const EXAMPLES_ONLY = ['shopUrl', 'postalAddress'] as const;

/** Plans what installing a package, or upgrading it, would do. Throws BAD_USER_INPUT when `settings` is no JSON object. */
export async function planPackage(
  parts: PlannerParts,
  journeyPackage: JourneyPackage,
  settings: string | null,
): Promise<PackagePlan> {
  const { database } = parts;
  const { name, version } = journeyPackage;
  const installation = (await readInstallations(database, [name])).get(name);
  const draft = await draftPackage(parts, journeyPackage, settings, installation);
  const standing = await compareWithStanding(database, draft, installation);
  const requirements = [
    ...draft.requirements,
    ...standing.requirements,
    ...standing.editRequirements,
    ...(await liveRequirements(parts, draft)),
  ];
  const definition = draft.definitions[0];
  const { graph, clock, holdsFor } = parts;
  const lookBack = graph && { graph, store: database, nowMs: clock(), holdsFor };
  return {
    name,
    version,
    isInstallable: requirements.every(({ isMet }) => isMet),
    requirements,
    changes: standing.changes,
    settings: draft.settings,
    wouldHaveEntered: lookBack && definition ? await wouldHaveEntered(lookBack, definition) : null,
  };
}

/** Fills the package with settings and checks everything that needs nobody else. Throws BAD_USER_INPUT as above. */
export async function draftPackage(
  parts: PlannerParts,
  journeyPackage: JourneyPackage,
  settings: string | null,
  installation: Installation | undefined,
): Promise<Draft> {
  const given = { ...known(journeyPackage, installation), ...(settings !== null && parseSettings(settings)) };
  const checked = checkSettings(journeyPackage.settingsSchema, given);
  const objects = journeyPackage.objects(checked.settings);
  const requirements = [withoutFaults('The settings fit the package.', checked.faults, 'Correct the settings.')];
  const definitions: JourneyDefinition[] = [];
  for (const { objectType, document } of objects) {
    if (objectType !== 'Journey') continue;
    const { definition, faults = [] } = parts.checkDefinition(document);
    const wrong = definition ? await parts.findTemplateFaults(definition) : faults;
    requirements.push(withoutFaults('The journey and its templates have no faults.', wrong, 'Correct the settings.'));
    if (definition) definitions.push(definition);
    requirements.push(mailRequirement(parts, journeyPackage, checked.settings));
  }
  return { settings: checked.settings, objects, definitions, requirements };
}

/** What the other clouds have to give, asked live. */
export async function liveRequirements({ graph }: PlannerParts, draft: Draft): Promise<Requirement[]> {
  const requirement = 'The unified graph can be asked from here.';
  if (!graph) return [unmet(requirement, 'Run marketing in one process with the gateway, or name the gateway to it.')];
  const operations = draft.objects.filter(({ objectType }) => objectType === 'Operation');
  const answers = await Promise.all([
    ...draft.definitions.map((definition) => journeyRequirements(graph, definition)),
    ...operations.map(({ objectId, document }) => operationRequirement(graph, objectId, document)),
  ]);
  return [met(requirement), ...answers.flat()];
}

/** What is there now, and what would become of it. */
export interface Standing {
  readonly changes: readonly ObjectChange[];
  readonly requirements: readonly Requirement[];
  /** What was changed by hand: whoever installs may choose to give it up. */
  readonly editRequirements: readonly Requirement[];
}

/** Compares what shall be with what is there now. */
export async function compareWithStanding(
  queryable: Queryable,
  { objects }: Draft,
  installation: Installation | undefined,
): Promise<Standing> {
  const all = [...objects, ...(installation?.objects ?? [])];
  const ids = all.flatMap(({ objectType, objectId }) => (objectType === 'Journey' ? [objectId] : []));
  const present = await readPresentJourneys(queryable, [...new Set(ids)]);
  const { changes, edited, foreign } = compareObjects(objects, installation, present);
  const foreignRemedy = `Save it under another key: ${foreign.join(', ')} is not of this package.`;
  const editRemedy = `Changed or stopped by hand: ${edited.join(', ')}. Read the diff, and install with \`isOverwritingEdits\` to give the changes up.`;
  return {
    changes,
    requirements: foreign.length > 0 ? [unmet('Nobody else has made what the package makes.', foreignRemedy)] : [],
    editRequirements:
      edited.length > 0 ? [unmet('Nothing was changed or stopped by hand since it was installed.', editRemedy)] : [],
  };
}

/** Settings of an earlier version that are gone are left out; those that are new have their defaults. */
function known({ settingsSchema }: JourneyPackage, installation: Installation | undefined): PackageSettings {
  const entries = Object.entries(installation?.settings ?? {});
  return Object.fromEntries(entries.filter(([name]) => Object.hasOwn(settingsSchema.properties, name)));
}

function mailRequirement(
  { isMailLeaving }: PlannerParts,
  { settingsSchema }: JourneyPackage,
  settings: PackageSettings,
): Requirement {
  if (!isMailLeaving)
    return met('Messages are kept in the local outbox (SMTP_URL is not set): nothing leaves the house.');
  const requirement = 'Messages leave by the mail server of SMTP_URL, under your own name.';
  const examples = EXAMPLES_ONLY.filter((name) => settings[name] === settingsSchema.properties[name]?.default);
  if (examples.length === 0) return met(requirement);
  return unmet(requirement, `Set ${examples.join(' and ')}: what is there is an example.`);
}
