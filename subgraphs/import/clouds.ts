import { COMMERCE_IMPORT } from '../commerce/import.ts';
import { MARKETING_IMPORT } from '../marketing/import.ts';
import { SERVICE_IMPORT } from '../service/import.ts';
import type { CloudImport } from './cloud-import.ts';

/** The clouds that take exports. The map is the only place where they meet; none knows another. */
export const CLOUD_IMPORTS: ReadonlyMap<string, CloudImport> = new Map(
  [COMMERCE_IMPORT, MARKETING_IMPORT, SERVICE_IMPORT].map((cloudImport) => [cloudImport.cloud, cloudImport]),
);
