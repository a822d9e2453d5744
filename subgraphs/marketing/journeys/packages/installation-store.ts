import type { Queryable } from '../../../../database/database.ts';
import type { PackageObject, PackageObjectType, PackageSettings } from './journey-package.ts';

/** A package as it is installed. */
export interface Installation {
  readonly name: string;
  readonly version: number;
  readonly settings: PackageSettings;
  /** What the installation made, as it made it. */
  readonly objects: readonly PackageObject[];
}

/** A journey as it is now, whoever saved it. */
export interface PresentJourney {
  readonly document: string;
  readonly packageName: string | null;
  /** False: its package was removed, so that it is not listed and its name is free again. */
  readonly isListed: boolean;
  /** True: it was stopped, by hand or with its package. */
  readonly isStopped: boolean;
}

interface InstallationRow extends Record<string, unknown> {
  readonly name: string;
  readonly version: number;
  readonly settings: PackageSettings;
  readonly objects: readonly { readonly type: PackageObjectType; readonly id: string; readonly document: string }[];
}

/** Reads installations by name, or all of them without names. One statement. */
export async function readInstallations(
  queryable: Queryable,
  names?: readonly string[],
): Promise<ReadonlyMap<string, Installation>> {
  const rows = await queryable.query<InstallationRow>(
    `SELECT package.name, package.version, package.settings,
       coalesce((SELECT json_agg(json_build_object('type', object_type, 'id', object_id, 'document', document)
                                 ORDER BY object_type, object_id)
                 FROM marketing.journey_package_object WHERE package_name = package.name), '[]') AS objects
     FROM marketing.journey_package AS package WHERE $1::text[] IS NULL OR package.name = ANY($1)`,
    [names ?? null],
  );
  return new Map(
    rows.map(({ name, version, settings, objects }) => [
      name,
      {
        name,
        version,
        settings,
        objects: objects.map(({ type, id, document }) => ({ objectType: type, objectId: id, document })),
      },
    ]),
  );
}

/** Holds other installations of the package off until the transaction ends. */
export async function lockPackage(transaction: Queryable, name: string): Promise<void> {
  await transaction.query("SELECT pg_advisory_xact_lock(hashtextextended('journey package ' || $1, 0))", [name]);
}

/** Journeys as they are now, by their keys. */
export async function readPresentJourneys(
  queryable: Queryable,
  ids: readonly string[],
): Promise<ReadonlyMap<string, PresentJourney>> {
  if (ids.length === 0) return new Map();
  const rows = await queryable.query<{
    id: string;
    document: string;
    package_name: string | null;
    is_listed: boolean;
    is_stopped: boolean;
  }>(
    `SELECT journey_id AS id, document, package_name, is_listed, status = 'STOPPED' AS is_stopped
     FROM marketing.journey JOIN marketing.journey_version USING (journey_id, version) WHERE journey_id = ANY($1)`,
    [ids],
  );
  return new Map(
    rows.map(({ id, document, package_name, is_listed, is_stopped }) => [
      id,
      { document, packageName: package_name, isListed: is_listed, isStopped: is_stopped },
    ]),
  );
}

/** Writes down what is installed. */
export async function writeInstallation(
  transaction: Queryable,
  { name, version, settings, objects }: Installation,
  { by, now }: { readonly by: string; readonly now: Date },
): Promise<void> {
  await transaction.query(
    `INSERT INTO marketing.journey_package (name, version, settings, installed_on, changed_on, changed_by)
     VALUES ($1, $2, $3::jsonb, $4, $4, $5)
     ON CONFLICT (name) DO UPDATE SET version = excluded.version, settings = excluded.settings,
       changed_on = excluded.changed_on, changed_by = excluded.changed_by`,
    [name, version, JSON.stringify(settings), now, by],
  );
  await transaction.query('DELETE FROM marketing.journey_package_object WHERE package_name = $1', [name]);
  await transaction.query(
    `INSERT INTO marketing.journey_package_object (object_type, object_id, package_name, document)
     SELECT made."objectType", made."objectId", $1, made.document
     FROM jsonb_to_recordset($2::jsonb) AS made ("objectType" text, "objectId" text, document text)`,
    [name, JSON.stringify(objects)],
  );
}

/** Forgets that a package is installed. */
export async function deleteInstallation(transaction: Queryable, name: string): Promise<void> {
  await transaction.query('DELETE FROM marketing.journey_package WHERE name = $1', [name]);
}

/**
 * Takes a stopped journey from the lists. It and its versions stay: they are the record of what people got, and a number of a version
 * never means two documents. Saved again it is listed again.
 */
export async function unlistJourney(transaction: Queryable, journeyId: string): Promise<void> {
  await transaction.query('UPDATE marketing.journey SET is_listed = false WHERE journey_id = $1', [journeyId]);
}
