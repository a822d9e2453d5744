import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { CLOUDS } from '../schema/clouds.ts';

const ROOT = join(__dirname, '..');
const SKIPPED = new Set(['node_modules', 'dist', 'generated', '.git', '.data', '.servers', 'coverage']);
const SOURCE_FOLDERS = ['schema', 'database', 'mapping', 'subgraphs', 'gateway', 'bench'];

function listFiles(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    if (SKIPPED.has(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? listFiles(path) : [path];
  });
}

const sources = [...SOURCE_FOLDERS.flatMap(listFiles), 'cli.ts'].filter((file) => file.endsWith('.ts'));
const lines = (file: string): string[] => readFileSync(join(ROOT, file), 'utf8').split('\n');

/** Which top folders each top folder may import from; those that wire may import all. */
const ALLOWED_IMPORTS: Record<string, readonly string[]> = {
  schema: [],
  database: ['schema'],
  mapping: ['schema', 'database'],
  subgraphs: ['schema', 'database', 'mapping'],
  gateway: ['schema'],
};

const isWiring = (file: string): boolean =>
  file === 'gateway/main.ts' || file.startsWith('gateway/start/') || file === 'schema/generate.ts';

function importedFiles(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const folder = join(ROOT, file, '..');
  return [...text.matchAll(/(?:from|import\()\s*'(\.{1,2}\/[^']+)'/g)].map((match) =>
    relative(ROOT, join(folder, match[1] ?? '')),
  );
}

describe('architecture', () => {
  it.each(Object.keys(ALLOWED_IMPORTS))('%s imports only what its wall lets through', (folder) => {
    const broken = sources
      .filter((file) => file.startsWith(`${folder}/`) && !isWiring(file))
      .flatMap((file) => importedFiles(file).map((target) => ({ file, target })))
      .filter(({ target }) => {
        const top = target.split('/')[0] ?? '';
        return top !== folder && !ALLOWED_IMPORTS[folder]?.includes(top);
      });
    expect(broken).toEqual([]);
  });

  it('no subgraph imports another', () => {
    const names = ['identity', ...CLOUDS.map((cloud) => cloud.name)];
    const broken = names.flatMap((name) =>
      sources
        .filter((file) => file.startsWith(`subgraphs/${name}/`))
        .flatMap((file) => importedFiles(file).map((target) => ({ file, target })))
        .filter(({ target }) => names.some((other) => other !== name && target.startsWith(`subgraphs/${other}/`))),
    );
    expect(broken).toEqual([]);
  });

  it('no file has more than 400 lines, and half of them have at most 120', () => {
    const sizes = sources.map((file) => ({ file, length: lines(file).length })).sort((a, b) => a.length - b.length);
    expect(sizes.filter(({ length }) => length > 400)).toEqual([]);
    expect(sizes[Math.floor(sizes.length / 2)]?.length).toBeLessThanOrEqual(120);
  });

  it('the request path reads in one file of at most 80 lines, in the order of its stages', () => {
    const text = lines('gateway/pipeline.ts');
    expect(text.length).toBeLessThanOrEqual(81);
    const body = text.filter((line) => !line.startsWith('import')).join('\n');
    const stages = ['receive', 'guard', 'plan', 'execute', 'respond'];
    const positions = stages.map((stage) => body.search(new RegExp(`\\b${stage}\\(`)));
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
    expect(Math.min(...positions)).toBeGreaterThan(0);
    for (const stage of stages) expect(statSync(join(ROOT, `gateway/stages/${stage}.ts`)).isFile()).toBe(true);
  });

  it('every cloud has the files that its siblings have, beside its own', () => {
    const filesOf = (name: string): string[] =>
      listFiles(`subgraphs/${name}`)
        .map((file) => relative(`subgraphs/${name}`, file))
        .filter((file) => !file.includes('/'))
        .sort();
    const inAll = [
      ...['README.md', 'import.ts', 'index.ts', 'mapping.json', 'resolvers.ts', 'store.ts', 'sample.ts'],
      ...['sample-activity.ts', 'sample-catalogue.ts', 'sample-profiles.ts', 'sample-protagonists.ts'],
    ];
    for (const { name } of CLOUDS) expect(filesOf(name)).toEqual(expect.arrayContaining(inAll));
  });

  it('every exported declaration has a doc comment', () => {
    const undocumented = sources.flatMap((file) => {
      const text = lines(file);
      return text.flatMap((line, index) => {
        const isDeclaration = /^export (async )?(function|const|class|interface|type|abstract class)\b/.test(line);
        return isDeclaration && !/\*\/\s*$/.test(text[index - 1] ?? '') ? [`${file}:${index + 1}`] : [];
      });
    });
    expect(undocumented).toEqual([]);
  });

  it('nobody hides code in a barrel or a folder of odds and ends', () => {
    expect(sources.filter((file) => /(^|\/)(utils?|helpers?|common|misc)(\/|\.ts$)/.test(file))).toEqual([]);
    const barrels = sources.filter((file) => lines(file).some((line) => /^export (\*|\{[^}]*\}) from/.test(line)));
    expect(barrels).toEqual([]);
  });
});
