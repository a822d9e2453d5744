import { faultAt } from '../../../mapping/faults.ts';
import type { JourneyDefinition } from './definition.ts';

/** What is wrong with the templates of a definition, each a JSON pointer and a sentence. MJML and Liquid are loaded by the first call. */
export async function findTemplateFaults({ steps, entry }: JourneyDefinition): Promise<string[]> {
  const { checkTemplate } = await import('./sending/templates/check-template.ts');
  const faults: string[] = [];
  for (const [index, step] of steps.entries()) {
    if (step.kind !== 'MESSAGE') continue;
    for (const { part, message } of await checkTemplate(step, entry.kind)) {
      faults.push(faultAt(['steps', index, 'template', part], message));
    }
  }
  return faults;
}
