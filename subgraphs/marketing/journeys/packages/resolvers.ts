import { CodedError } from '../../../../schema/errors.ts';
import type { CloudContext, CloudResolvers } from '../../../cloud/context.ts';
import type { IdempotentInput, IdempotentWrite } from '../../../cloud/idempotent-writes.ts';
import type { PackageCatalogue } from './catalogue.ts';
import { type JourneySaves, prepareInstallation, uninstallPackage } from './install.ts';
import { type Installation, readInstallations } from './installation-store.ts';
import type { JourneyPackage } from './journey-package.ts';
import type { ObjectChange } from './package-changes.ts';
import { type PlannerParts, planPackage } from './planner.ts';
import { checkSettings } from './settings.ts';

/** What the fields of packages are resolved with. */
export interface PackageResolverParts extends PlannerParts {
  readonly catalogue: PackageCatalogue;
  readonly journeys: JourneySaves;
  readonly write: IdempotentWrite;
}

interface InstallInput extends IdempotentInput {
  readonly name: string;
  readonly settings?: string | null;
  readonly isOverwritingEdits?: boolean | null;
}

interface UninstallInput extends IdempotentInput {
  readonly name: string;
}

/** What a mutation gave, as it is kept for a repeated call: keys and documents, nobody's data. */
interface Written {
  readonly name?: string;
  readonly changes?: string;
}

/** Resolvers of journey packages. */
export function createPackageResolvers(parts: PackageResolverParts): CloudResolvers {
  const { catalogue, database, journeys, write } = parts;
  return {
    Query: {
      journeyPackages: async () => {
        const installed = await readInstallations(database);
        return catalogue.all().map((one) => describePackage(one, installed.get(one.name)));
      },
      journeyPackagePlan: async (_source: unknown, args: { name: string; settings?: string | null }) => {
        const plan = await planPackage(parts, packageNamed(catalogue, args.name), args.settings ?? null);
        return {
          ...plan,
          settings: JSON.stringify(plan.settings),
          wouldHaveEnteredCount: plan.wouldHaveEntered?.count ?? null,
          isWouldHaveEnteredAtLeast: plan.wouldHaveEntered?.isAtLeast ?? false,
          examples: plan.wouldHaveEntered?.examples ?? [],
        };
      },
    },
    Mutation: {
      installJourneyPackage: async (_source: unknown, { input }: { input: InstallInput }, context: CloudContext) => {
        const install = await prepareInstallation(parts, journeys, {
          journeyPackage: packageNamed(catalogue, input.name),
          settings: input.settings ?? null,
          isOverwritingEdits: input.isOverwritingEdits ?? false,
          by: context.principal.subject,
        });
        return write(context, 'installJourneyPackage', input, async (transaction) =>
          written(input.name, await install(transaction)),
        );
      },
      uninstallJourneyPackage: (_source: unknown, { input }: { input: UninstallInput }, context: CloudContext) => {
        const { name } = packageNamed(catalogue, input.name);
        const by = context.principal.subject;
        return write(context, 'uninstallJourneyPackage', input, async (transaction) =>
          written(name, await uninstallPackage(transaction, journeys, { name, by })),
        );
      },
    },
    JourneyPackage: {
      __resolveReference: ({ name }: { readonly name: string }) => resolvePackage(parts, name),
    },
    JourneyPackagePayload: {
      journeyPackage: ({ name }: Written) => resolvePackage(parts, name ?? ''),
      changes: ({ changes }: Written) => JSON.parse(changes ?? '[]') as readonly ObjectChange[],
    },
  };
}

function written(name: string, changes: readonly ObjectChange[]): Readonly<Record<string, string>> {
  return { name, changes: JSON.stringify(changes) };
}

function packageNamed(catalogue: PackageCatalogue, name: string): JourneyPackage {
  const found = catalogue.find(name);
  if (found) return found;
  const names = catalogue.all().map((one) => one.name);
  throw new CodedError('BAD_USER_INPUT', `There is no package of this name; there are ${names.join(', ')}.`);
}

async function resolvePackage({ catalogue, database }: PackageResolverParts, name: string) {
  const found = catalogue.find(name);
  return found ? describePackage(found, (await readInstallations(database, [name])).get(name)) : null;
}

function describePackage(journeyPackage: JourneyPackage, installation: Installation | undefined) {
  const { name, title, description, version, settingsSchema } = journeyPackage;
  const objects = installation?.objects ?? journeyPackage.objects(checkSettings(settingsSchema, {}).settings);
  return {
    name,
    title,
    description,
    version,
    settingsSchema: JSON.stringify(settingsSchema),
    installedVersion: installation?.version ?? null,
    settings: installation ? JSON.stringify(installation.settings) : null,
    installed: installation?.objects.map(({ objectType, objectId }) => ({ objectType, objectId })) ?? null,
    operations: objects.flatMap(({ objectType, objectId, document }) =>
      objectType === 'Operation' ? [{ name: objectId, document }] : [],
    ),
  };
}
