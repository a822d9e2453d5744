import type { Liquid, Template } from 'liquidjs';
import type { Queryable } from '../../../../../database/database.ts';
import type { Clock } from '../../../../../schema/clock.ts';
import type { MessageTemplate } from '../../definition.ts';
import { cleanBody, cleanSubject } from './clean-text.ts';
import { createLiquid, type LiquidKind, renderLiquid } from './liquid.ts';
import { type CompiledMjml, compileMjml, digestOfMjml } from './mjml.ts';
import { type MessageContent, scopeOf } from './template-scope.ts';

/** A message as it is written. */
export interface RenderedMessage {
  readonly subject: string;
  readonly html: string;
  readonly text: string;
}

/** Writes messages. */
export interface MessageRenderer {
  /** Rejects with TemplateInvalid when the template and what is to be written do not fit. */
  render(template: MessageTemplate, content: MessageContent): Promise<RenderedMessage>;
}

/** A template can't be written with what it is given. Its message names variables and filters, no values. */
export class TemplateInvalid extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TemplateInvalid';
  }
}

/** Templates kept parsed in a process. */
const KEPT = 200;
/** The language that amounts and times are written in where a template names none. */
export const DEFAULT_LOCALE = 'en';

interface Parsed {
  readonly liquids: Readonly<Record<LiquidKind, Liquid>>;
  readonly subject: Template[];
  readonly html: Template[];
  readonly text: Template[];
}

/**
 * Makes a renderer. `database` keeps what MJML gave, so that a worker that sends needs not even load MJML for a template that was
 * checked when it was saved.
 */
export function createMessageRenderer(options: {
  readonly database: Queryable;
  readonly clock: Clock;
}): MessageRenderer {
  const kept = new Map<string, Promise<Parsed>>();
  const parsed = (template: MessageTemplate): Promise<Parsed> => {
    const key = JSON.stringify([template.locale, template.subject, template.mjml, template.text]);
    const known = kept.get(key);
    if (known) return known;
    const parsing = parse(template, options);
    kept.set(key, parsing);
    parsing.catch(() => kept.delete(key));
    const [oldest] = kept.keys();
    if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
    return parsing;
  };
  return {
    async render(template, content) {
      return renderParsed(await parsed(template), content);
    },
  };
}

function renderParsed({ liquids, subject, html, text }: Parsed, content: MessageContent): RenderedMessage {
  const scope = scopeOf(content);
  const { timeZone } = content.model;
  const rendered = {
    subject: cleanSubject(named('template.subject', () => renderLiquid(liquids.text, subject, scope, timeZone))),
    html: named('template.mjml', () => renderLiquid(liquids.html, html, scope, timeZone)),
    text: cleanBody(named('template.text', () => renderLiquid(liquids.text, text, scope, timeZone))),
  };
  if (rendered.subject === '') throw new TemplateInvalid('template.subject gives an empty line.');
  return rendered;
}

async function parse(
  { subject, mjml, text, locale = DEFAULT_LOCALE }: MessageTemplate,
  { database, clock }: { readonly database: Queryable; readonly clock: Clock },
): Promise<Parsed> {
  const [module, html] = await Promise.all([import('liquidjs'), compiledHtml(database, mjml, clock)]);
  const liquids = { html: createLiquid(module, 'html', locale), text: createLiquid(module, 'text', locale) };
  return {
    liquids,
    subject: named('template.subject', () => liquids.text.parse(subject)),
    html: named('template.mjml', () => liquids.html.parse(html)),
    text: named('template.text', () => liquids.text.parse(text)),
  };
}

async function compiledHtml(database: Queryable, mjml: string, clock: Clock): Promise<string> {
  const digest = digestOfMjml(mjml);
  const [known] = await database.query<{ html: string }>(
    'SELECT html FROM marketing.compiled_template WHERE digest = $1',
    [digest],
  );
  if (known) return known.html;
  const compiled = await compileMjml(mjml);
  const [fault] = compiled.faults;
  if (fault) throw new TemplateInvalid(`template.${fault.part}: ${fault.message}`);
  await keepCompiled(database, mjml, compiled, clock());
  return compiled.html;
}

/** Keeps what MJML gave for a template that has no faults. */
async function keepCompiled(database: Queryable, mjml: string, { html }: CompiledMjml, nowMs: number): Promise<void> {
  await database.query(
    `INSERT INTO marketing.compiled_template (digest, html, compiled_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
    [digestOfMjml(mjml), html, new Date(nowMs)],
  );
}

/** Liquid's faults repeat the text of the template, which is nobody's data, in several lines: the first says what it is. */
function named<Result>(part: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    const [line] = String(error instanceof Error ? error.message : error).split('\n');
    throw new TemplateInvalid(`${part}: ${line}`);
  }
}
