import type { MessagePreview } from '../../../../schema/generated/marketing.ts';
import type { GateDecision } from '../contract.ts';
import type { MessageStep } from '../definition.ts';
import { durationMs } from '../duration.ts';
import { messageKeyOf } from './message-store.ts';
import type { MessageRenderer } from './templates/message-renderer.ts';
import type { UnsubscribeLinks } from './unsubscribe-links.ts';

/** Looks like a code and is none. */
const MADE_UP_CODE = 'PREVIEW-CODE';

/** What previews are made from. */
export interface PreviewParts {
  readonly renderer: MessageRenderer;
  readonly links: UnsubscribeLinks;
}

/**
 * A message as it would be sent at a time, with a made-up code and a link that leads nowhere. Null when the person could not be
 * read. Rejects with TemplateInvalid when the template does not fit what there is to write about.
 */
export async function previewMessage(
  { renderer, links }: PreviewParts,
  { step, decision, atMs }: { readonly step: MessageStep; readonly decision: GateDecision; readonly atMs: number },
): Promise<MessagePreview | null> {
  const { model, recipient } = decision;
  if (!model) return null;
  const discount = step.discount && {
    code: MADE_UP_CODE,
    percent: step.discount.percent,
    expires: new Date(atMs + durationMs(step.discount.validFor)).toISOString(),
  };
  // The key of no message: nobody is unsubscribed by a preview.
  const unsubscribeUrl = links.urlOf(messageKeyOf('preview'));
  const { subject, html, text } = await renderer.render(step.template, {
    model,
    discount: discount ?? null,
    unsubscribeUrl,
  });
  return { subject, htmlBody: html, textBody: text, contactPointValue: recipient?.emailAddress ?? null };
}
