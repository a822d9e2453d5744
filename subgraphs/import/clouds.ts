import { COMMERCE_IMPORT } from '../commerce/import.ts';
import { MARKETING_IMPORT } from '../marketing/import.ts';
import { SERVICE_IMPORT } from '../service/import.ts';
import type { CloudImport } from './cloud-import.ts';
import { ImportError } from './import-error.ts';

/** The clouds that take exports. Here is the only place where they meet; none knows another. */
const CLOUD_IMPORTS: ReadonlyMap<string, CloudImport> = new Map(
  [COMMERCE_IMPORT, MARKETING_IMPORT, SERVICE_IMPORT].map((cloudImport) => [cloudImport.cloud, cloudImport]),
);

/** How a cloud's export is read. Throws ImportError UNKNOWN_CLOUD when no cloud of this name takes exports. */
export function cloudImportOf(cloud: string): CloudImport {
  const found = CLOUD_IMPORTS.get(cloud);
  if (found) return found;
  const known = [...CLOUD_IMPORTS.keys()].join(', ');
  throw new ImportError('UNKNOWN_CLOUD', `There is no cloud to import into by this name. There are: ${known}.`);
}
