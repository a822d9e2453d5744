import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../../../schema/package-root.ts';
import type { JourneyPackage, PackageObject, PackageObjectType, PackageSettings } from './journey-package.ts';
import { type Setting, settingsSchema } from './settings.ts';
import { type Filling, fillDocument, fillText, type ReadPart } from './slots.ts';

const CATALOGUE = join(PACKAGE_ROOT, 'subgraphs', 'marketing', 'journeys', 'packages', 'catalogue');
const SHARED = 'shared';

/** Forms of settings that several have, by the name by which manifests ask for them. */
const FORMS: Readonly<Record<string, string>> = {
  // Days are 24 hours; months and years have no length of their own.
  '[[duration]]': '^P(?=.)([0-9]{1,4}D)?(T(?=.)([0-9]{1,4}H)?([0-9]{1,5}M)?([0-9]{1,6}S)?)?$',
  '[[time]]': '^([01][0-9]|2[0-3]):[0-5][0-9]$',
};

/** `manifest.json` of a package. */
interface Manifest {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly version: number;
  /** Settings that it has in common with others: names in `shared/settings.json`. */
  readonly shared: readonly string[];
  readonly settings: Readonly<Record<string, Setting>>;
  readonly makes: readonly { readonly objectType: PackageObjectType; readonly file: string }[];
}

/** The packages at hand, by name. They are read at the first look: most processes never look. */
export interface PackageCatalogue {
  all(): readonly JourneyPackage[];
  /** Undefined when there is none of this name. */
  find(name: string): JourneyPackage | undefined;
}

/** Makes the catalogue of the packages in a folder: each a folder with a `manifest.json`. */
export function createPackageCatalogue(folder = CATALOGUE): PackageCatalogue {
  let loaded: ReadonlyMap<string, JourneyPackage> | undefined;
  const load = () => {
    loaded ??= new Map(namesIn(folder).map((name) => [name, loadPackage(folder, name)]));
    return loaded;
  };
  return { all: () => [...load().values()], find: (name) => load().get(name) };
}

function namesIn(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.flatMap((entry) => (entry.isDirectory() && entry.name !== SHARED ? [entry.name] : [])).sort();
}

/** Its files are read once: settings change, they do not. */
function loadPackage(folder: string, name: string): JourneyPackage {
  const parts = new Map([...filesIn(join(folder, SHARED)), ...filesIn(join(folder, name))]);
  const readPart: ReadPart = (file) => {
    const text = parts.get(file);
    if (text === undefined) throw new Error(`The package ${name} has no file ${file}.`);
    return text;
  };
  const manifest = JSON.parse(readPart('manifest.json')) as Manifest;
  const shared = JSON.parse(readPart('settings.json')) as Readonly<Record<string, Setting>>;
  const common = manifest.shared.map((key) => [key, shared[key]] as const);
  const properties = Object.entries({ ...manifest.settings, ...Object.fromEntries(common) });
  const schema = settingsSchema(
    Object.fromEntries(properties.map(([key, setting]) => [key, withForm(name, key, setting)])),
  );
  return {
    name,
    title: manifest.title,
    description: manifest.description,
    version: manifest.version,
    settingsSchema: schema,
    objects: (settings: PackageSettings) =>
      manifest.makes.map(({ objectType, file }) => makeObject(objectType, file, { settings, readPart })),
  };
}

function filesIn(folder: string): [string, string][] {
  return readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), 'utf8')]);
}

function withForm(name: string, key: string, setting: Setting | undefined): Setting {
  if (!setting) throw new Error(`The package ${name} asks for the shared setting ${key}, which there is not.`);
  const form = setting.pattern === undefined ? undefined : FORMS[setting.pattern];
  return form === undefined ? setting : { ...setting, pattern: form };
}

function makeObject(objectType: PackageObjectType, file: string, filling: Filling): PackageObject {
  if (objectType === 'Operation') {
    const document = fillText(file, filling);
    const objectId = /\b(?:query|mutation|subscription)\s+(\w+)/.exec(document)?.[1];
    if (objectId === undefined) throw new Error(`${file} holds no named operation.`);
    return { objectType, objectId, document };
  }
  const journey = fillDocument(JSON.parse(filling.readPart(file)), filling) as { readonly id: string };
  return { objectType, objectId: journey.id, document: JSON.stringify(journey, null, 2) };
}
