import { createHash } from 'node:crypto';
import { compileInThread } from './mjml-thread.ts';

/** A fault of a template, for its author. */
export interface TemplateFault {
  /** Of the template: `subject`, `mjml`, `text` or `locale`. */
  readonly part: string;
  readonly message: string;
}

/** HTML with Liquid in it, and what was wrong with the MJML that it was made from. */
export interface CompiledMjml {
  readonly html: string;
  readonly faults: readonly TemplateFault[];
}

const PART = 'mjml';
/** Changes with how MJML is compiled here, so that what was compiled otherwise is not taken for it. */
const COMPILER = 'mjml-5.4.1-a';

/** By which a compiled template is known again. */
export function digestOfMjml(mjml: string): string {
  return createHash('sha256').update(`${COMPILER}\n${mjml}`).digest('hex');
}

/**
 * Compiles MJML to HTML once for all messages. The Liquid in it is taken out before and put back afterwards, so that MJML neither
 * changes nor drops any of it, and nothing of a person ever comes near MJML.
 */
export function compileMjml(mjml: string): Promise<CompiledMjml> {
  const digest = digestOfMjml(mjml);
  const known = compiled.get(digest);
  if (known) return known;
  const compiling = compile(mjml);
  compiled.set(digest, compiling);
  compiling.catch(() => compiled.delete(digest));
  const [oldest] = compiled.keys();
  if (compiled.size > KEPT && oldest !== undefined) compiled.delete(oldest);
  return compiling;
}

/** A template is checked, saved and written one after the other: what MJML gave for the last few is kept. */
const compiled = new Map<string, Promise<CompiledMjml>>();
const KEPT = 20;

async function compile(mjml: string): Promise<CompiledMjml> {
  if (/<mj-include\b/i.test(mjml)) {
    return { html: '', faults: [{ part: PART, message: 'No `mj-include`: a template reads no files.' }] };
  }
  const sign = `lq${createHash('sha256').update(mjml).digest('hex').slice(0, 8)}x`;
  const { texts, pieces } = splitLiquid(mjml);
  const guarded = texts.map((text, index) => (index < pieces.length ? `${text}${sign}${index}z` : text)).join('');
  const { html, messages } = await compileInThread(guarded);
  if (messages.length > 0) return { html: '', faults: messages.map((message) => ({ part: PART, message })) };
  const places = new RegExp(`${sign}(\\d+)z`, 'g');
  const found = new Set([...html.matchAll(places)].map(([, index]) => Number(index)));
  const lost = pieces.filter((_piece, index) => !found.has(index));
  const [, ...afterStyles] = html.split(/<style\b/i);
  const styles = afterStyles.some((style) => style.split(/<\/style>/i)[0]?.includes(sign));
  return {
    html: html.replace(places, (_place, index) => pieces[Number(index)] ?? ''),
    faults: [
      ...lost.map((piece) => ({
        part: PART,
        message: `\`${piece}\` stands where MJML drops text: put it into <mj-raw>.`,
      })),
      ...(styles ? [{ part: PART, message: 'No Liquid in styles: values are not made safe there.' }] : []),
    ],
  };
}

/**
 * Tells what of Liquid stands between braces, quoted texts and all, from what stands around it: one text more than pieces. Each
 * character is looked at once. Braces that are never closed stay in the last text: Liquid tells that they are.
 */
function splitLiquid(mjml: string): { readonly texts: readonly string[]; readonly pieces: readonly string[] } {
  const texts: string[] = [];
  const pieces: string[] = [];
  const opening = /\{[{%]/g;
  let from = 0;
  for (let start = opening.exec(mjml); start !== null; start = opening.exec(mjml)) {
    const end = endOfLiquid(mjml, start.index);
    if (end === undefined) break;
    texts.push(mjml.slice(from, start.index));
    pieces.push(mjml.slice(start.index, end));
    from = end;
    opening.lastIndex = end;
  }
  return { texts: [...texts, mjml.slice(from)], pieces };
}

function endOfLiquid(mjml: string, start: number): number | undefined {
  const closing = mjml[start + 1] === '{' ? '}}' : '%}';
  const stop = new RegExp(`["']|${closing}`, 'g');
  stop.lastIndex = start + 2;
  for (let found = stop.exec(mjml); found !== null; found = stop.exec(mjml)) {
    if (found[0] === closing) return found.index + 2;
    const quoted = mjml.indexOf(found[0], found.index + 1);
    if (quoted < 0) return undefined;
    stop.lastIndex = quoted + 1;
  }
  return undefined;
}
