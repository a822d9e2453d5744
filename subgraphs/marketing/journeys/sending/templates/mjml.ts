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

/** What of Liquid stands between braces, with its quoted texts. */
const LIQUID = /\{\{(?:"[^"]*"|'[^']*'|[^"'}]|\}(?!\}))*\}\}|\{%(?:"[^"]*"|'[^']*'|[^"'%]|%(?!\}))*%\}/g;
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
export async function compileMjml(mjml: string): Promise<CompiledMjml> {
  if (/<mj-include\b/i.test(mjml)) {
    return { html: '', faults: [{ part: PART, message: 'No `mj-include`: a template reads no files.' }] };
  }
  const pieces: string[] = [];
  const sign = `lq${createHash('sha256').update(mjml).digest('hex').slice(0, 8)}x`;
  const guarded = mjml.replace(LIQUID, (piece) => `${sign}${pieces.push(piece) - 1}z`);
  const { html, messages } = await compileInThread(guarded);
  if (messages.length > 0) return { html: '', faults: messages.map((message) => ({ part: PART, message })) };
  const places = new RegExp(`${sign}(\\d+)z`, 'g');
  const found = new Set([...html.matchAll(places)].map(([, index]) => Number(index)));
  const lost = pieces.filter((_piece, index) => !found.has(index));
  const styles = [...html.matchAll(/<style\b[\s\S]*?<\/style>/gi)].some(([style]) => style.includes(sign));
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
