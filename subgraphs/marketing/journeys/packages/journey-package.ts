import type { SettingsSchema } from './settings.ts';

/** Settings of a package, checked and complete. */
export type PackageSettings = Readonly<Record<string, string | number | boolean>>;

/** What a package can make: a journey, or a GraphQL operation that a console asks by name. */
export type PackageObjectType = 'Journey' | 'Operation';

/** A journey package as it lies in the repository, read and ready. */
export interface JourneyPackage {
  /** Such as `abandoned-cart`. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Counted up with every change of the package's documents. */
  readonly version: number;
  /** JSON schema of its settings, with a default for each. */
  readonly settingsSchema: SettingsSchema;
  /** What it makes with these settings, in order. */
  objects(settings: PackageSettings): readonly PackageObject[];
}

/** An object that a package makes. */
export interface PackageObject {
  readonly objectType: PackageObjectType;
  readonly objectId: string;
  /** Its document: JSON text of a journey, GraphQL text of an operation. Equal objects have equal texts. */
  readonly document: string;
}
