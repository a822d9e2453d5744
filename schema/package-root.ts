import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Folder of the package, found upward from here: files that are not compiled (SDL, SQL, JSON, the playground) are read from it. */
export const PACKAGE_ROOT: string = findPackageRoot(__dirname);

function findPackageRoot(from: string): string {
  if (existsSync(join(from, 'package.json'))) return from;
  const parent = dirname(from);
  if (parent === from) throw new Error('The package has no package.json above its own files.');
  return findPackageRoot(parent);
}
