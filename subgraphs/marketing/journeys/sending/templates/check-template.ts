import type { Liquid } from 'liquidjs';
import type { JourneyTriggerKind } from '../../../../../schema/generated/marketing.ts';
import type { MessageStep } from '../../definition.ts';
import { cleanSubject } from './clean-text.ts';
import { createLiquid, type LiquidKind, renderLiquid } from './liquid.ts';
import { DEFAULT_LOCALE } from './message-renderer.ts';
import { type CompiledMjml, compileMjml, type TemplateFault } from './mjml.ts';
import { fullSample, leastSample, scopeOf } from './template-scope.ts';

/** Longest template, in characters, of each part. */
const LONGEST = { subject: 2_000, mjml: 200_000, text: 100_000 } as const;
const LINK = 'unsubscribeUrl';

/**
 * Checks the template of a message step when a journey is saved: MJML and Liquid are well formed, every variable and filter
 * exists, what may be missing in a journey that begins with `kind` is asked for with `if`, and a marketing message tells how to
 * unsubscribe in both of its parts. Gives every fault found; none means that it can be sent. `compile` is for templates whose MJML was
 * proven beforehand.
 */
export async function checkTemplate(
  step: MessageStep,
  kind: JourneyTriggerKind,
  compile: (mjml: string) => Promise<CompiledMjml> = compileMjml,
): Promise<readonly TemplateFault[]> {
  const { subject, mjml, text, locale } = step.template;
  const tooLong = (['subject', 'mjml', 'text'] as const).filter((part) => step.template[part].length > LONGEST[part]);
  if (tooLong.length > 0) {
    return tooLong.map((part) => fault(part, `It has more than ${LONGEST[part]} characters.`));
  }
  if (locale !== undefined && !isLocale(locale)) return [fault('locale', 'It is no language tag, such as `de-AT`.')];
  const module = await import('liquidjs');
  const liquidOf = (part: LiquidKind): Liquid => createLiquid(module, part, locale ?? DEFAULT_LOCALE);
  const compiled = await compile(mjml);
  const parts = [
    { name: 'subject', liquid: liquidOf('text'), source: subject },
    ...(compiled.faults.length === 0 ? [{ name: 'mjml', liquid: liquidOf('html'), source: compiled.html }] : []),
    { name: 'text', liquid: liquidOf('text'), source: text },
  ];
  const hasDiscount = step.discount !== undefined;
  return [
    ...compiled.faults,
    ...parts.flatMap((part) => checkPart(part, kind, hasDiscount)),
    ...(step.purpose === 'MARKETING' ? missingLinks(mjml, text) : []),
  ];
}

interface Part {
  readonly name: string;
  readonly liquid: Liquid;
  readonly source: string;
}

function checkPart({ name, liquid, source }: Part, kind: JourneyTriggerKind, hasDiscount: boolean): TemplateFault[] {
  try {
    const template = liquid.parse(source);
    const known = scopeOf(fullSample(true));
    const unknown = liquid.globalVariableSegmentsSync(template).filter((path) => !isKnown(known, path));
    if (unknown.length > 0) {
      return unknown.map((path) => fault(name, `There is no \`${path.filter(isName).join('.')}\`.`));
    }
    const text = renderLiquid(liquid, template, scopeOf(fullSample(hasDiscount)));
    if (name === 'subject' && cleanSubject(text) === '') return [fault(name, 'It gives an empty line.')];
    return checkLeast(() => renderLiquid(liquid, template, scopeOf(leastSample(kind, hasDiscount))), name, kind);
  } catch (error) {
    return [fault(name, firstLine(error))];
  }
}

function checkLeast(render: () => string, name: string, kind: JourneyTriggerKind): TemplateFault[] {
  try {
    render();
    return [];
  } catch (error) {
    return [
      fault(name, `${firstLine(error)}: it may be missing in a journey that begins with ${kind}; ask with \`if\`.`),
    ];
  }
}

/** Whether a path leads to something in the sample; what lies below a list is found by writing the sample. */
function isKnown(value: unknown, path: readonly unknown[]): boolean {
  const [name, ...rest] = path;
  if (name === undefined || Array.isArray(value) || !isName(name)) return true;
  if (value === null || typeof value !== 'object') return typeof value === 'string' && name === 'size';
  return Object.hasOwn(value, name) && isKnown((value as Record<string, unknown>)[name], rest);
}

function isName(segment: unknown): segment is string {
  return typeof segment === 'string';
}

function missingLinks(mjml: string, text: string): TemplateFault[] {
  return (['mjml', 'text'] as const)
    .filter((part) => !new RegExp(`\\{\\{[^{}]*\\b${LINK}\\b`).test(part === 'mjml' ? mjml : text))
    .map((part) => fault(part, `A marketing message says how to unsubscribe: \`{{ ${LINK} }}\` is missing.`));
}

function isLocale(locale: string): boolean {
  try {
    return Intl.getCanonicalLocales(locale).length === 1;
  } catch {
    return false;
  }
}

function fault(part: string, message: string): TemplateFault {
  return { part, message };
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n')[0] ?? '';
}
