import { join } from 'node:path';
import type { Database } from '../../database/database.ts';
import { migrate, readMigrations } from '../../database/migrate.ts';
import { CLOUDS } from '../../schema/clouds.ts';
import { PACKAGE_ROOT } from '../../schema/package-root.ts';

/** Makes the tables of all clouds in one store, empty. */
export async function migrateClouds(database: Database): Promise<void> {
  for (const { name } of CLOUDS) {
    await migrate(database, {
      schema: name,
      migrations: readMigrations(join(PACKAGE_ROOT, 'subgraphs', name, 'migrations')),
    });
  }
}
