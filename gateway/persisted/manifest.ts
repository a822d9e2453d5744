/**
 * Reads a manifest of registered operations: Apollo's persisted query manifest, or a plain object of document by id.
 * Gives document by id. Throws ManifestInvalid.
 */
export function readManifest(text: string): ReadonlyMap<string, string> {
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch {
    throw new ManifestInvalid('it is not JSON');
  }
  if (!isRecord(manifest)) throw new ManifestInvalid('it is not an object');
  if (manifest['format'] === 'apollo-persisted-query-manifest') return readOperations(manifest);
  return new Map(Object.entries(manifest).map(([id, document]) => [id, documentOf(id, document)]));
}

function readOperations({ version, operations }: Record<string, unknown>): ReadonlyMap<string, string> {
  if (version !== 1) throw new ManifestInvalid('its version is not 1');
  if (!Array.isArray(operations)) throw new ManifestInvalid('`operations` is not a list');
  return new Map(
    operations.map((operation: unknown, index) => {
      if (!isRecord(operation) || typeof operation['id'] !== 'string') {
        throw new ManifestInvalid(`operation ${index + 1} has no \`id\``);
      }
      return [operation['id'], documentOf(operation['id'], operation['body'])] as const;
    }),
  );
}

function documentOf(id: string, document: unknown): string {
  if (typeof document === 'string' && document.trim() !== '') return document;
  throw new ManifestInvalid(`\`${id}\` has no document`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The manifest of registered operations can't be used. */
export class ManifestInvalid extends Error {
  constructor(reason: string) {
    super(`The manifest of registered operations is not valid: ${reason}.`);
    this.name = 'ManifestInvalid';
  }
}
