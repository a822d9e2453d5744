import type { PackageSettings } from './journey-package.ts';

/** Reads a file of the package, or of those that all packages share. Throws when there is none. */
export type ReadPart = (file: string) => string;

/** What fills the slots of a package's documents. */
export interface Filling {
  readonly settings: PackageSettings;
  readonly readPart: ReadPart;
}

const MJML = '.mjml';

/**
 * Fills the slots of a JSON document: `{"$setting": name}` becomes the setting's value, `{"$file": name}` the filled text of a
 * file, and `{"$if": name, "then": value}` the value or nothing, by whether the setting is on. Throws when a slot names what
 * there is not: that is a fault of the package.
 */
export function fillDocument(value: unknown, filling: Filling): unknown {
  const filled = fill(value, filling);
  if (filled === LEFT_OUT) throw new Error('A whole document can not be left out.');
  return filled;
}

/**
 * Fills a text: `[[name]]` becomes the setting, `[[> file]]` the filled text of a file. In MJML settings are escaped, their Liquid
 * stays as it is.
 */
export function fillText(file: string, filling: Filling): string {
  const text = filling.readPart(file).replace(/\n$/, '');
  return text.replace(/\[\[(>?)\s*([\w.-]+)\]\]/g, (_slot, include: string, name: string) => {
    if (include) return fillText(name, filling);
    const value = String(settingOf(name, filling));
    return file.endsWith(MJML) ? escapeOutsideLiquid(value) : value;
  });
}

/** Whether a setting asks for something: not no, nothing, zero or no time. */
export function isOn(value: string | number | boolean): boolean {
  return !(value === false || value === 0 || value === '' || /^P(T?0+[DHMS])+$/.test(String(value)));
}

const LEFT_OUT = Symbol('left out');

function fill(value: unknown, filling: Filling): unknown {
  if (Array.isArray(value)) return value.map((item) => fill(item, filling)).filter((item) => item !== LEFT_OUT);
  if (typeof value !== 'object' || value === null) return value;
  const slot = value as Readonly<Record<string, unknown>>;
  if (typeof slot['$setting'] === 'string') return settingOf(slot['$setting'], filling);
  if (typeof slot['$file'] === 'string') return fillText(slot['$file'], filling);
  if (typeof slot['$if'] === 'string') {
    return isOn(settingOf(slot['$if'], filling)) ? fill(slot['then'], filling) : LEFT_OUT;
  }
  const entries = Object.entries(slot).map(([key, item]) => [key, fill(item, filling)] as const);
  return Object.fromEntries(entries.filter(([, item]) => item !== LEFT_OUT));
}

function settingOf(name: string, { settings }: Filling): string | number | boolean {
  const value = settings[name];
  if (value === undefined) throw new Error(`The package has a slot for \`${name}\`, which is none of its settings.`);
  return value;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escapeOutsideLiquid(text: string): string {
  return text.replace(/(\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\})|[&<>"]/g, (character, liquid?: string) => {
    return liquid ?? ENTITIES[character] ?? character;
  });
}
