import { faultAt } from '../../../../mapping/faults.ts';
import type { JourneyDefinition } from '../definition.ts';

/**
 * What is wrong with the texts of a package's journey. The MJML around them is the package's own, which a test compiles, and settings
 * are escaped in it: so only their Liquid has to be looked at, and nobody waits for the compiler, which takes seconds to load.
 */
export async function findTextFaults({ steps, entry }: JourneyDefinition): Promise<string[]> {
  const { checkTemplate } = await import('../sending/templates/check-template.ts');
  const faults: string[] = [];
  for (const [index, step] of steps.entries()) {
    if (step.kind !== 'MESSAGE') continue;
    const asItIs = async (mjml: string) => ({ html: mjml, faults: [] });
    for (const { part, message } of await checkTemplate(step, entry.kind, asItIs)) {
      faults.push(faultAt(['steps', index, 'template', part], message));
    }
  }
  return faults;
}
