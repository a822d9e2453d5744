import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { ImportError } from './import-error.ts';

/** An export file as it was when the import began. */
export interface ExportFile {
  readonly path: string;
  readonly name: string;
  /** SHA-256 of the content, in hexadecimal. */
  readonly digest: string;
  readonly bytes: number;
}

/** Reads a file once to know it again. Throws ImportError NO_INPUT when it can't be read. */
export async function identifyFile(path: string): Promise<ExportFile> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
      hash.update(chunk as Buffer);
      bytes += (chunk as Buffer).length;
    }
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new ImportError('NO_INPUT', `${path} can't be read: ${reason}.`, { cause: error });
  }
  return { path, name: basename(path), digest: hash.digest('hex'), bytes };
}
