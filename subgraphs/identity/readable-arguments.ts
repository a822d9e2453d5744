import { CodedError } from '../../schema/errors.ts';

type Field = (source: never, args: never, context: never) => unknown;

/** Fields that refuse arguments with a text that no store can hold. They throw BAD_USER_INPUT. */
export function readable<Fields extends Readonly<Record<string, Field>>>(fields: Fields): Fields {
  const checked = Object.entries(fields).map(([name, field]) => [
    name,
    (source: never, args: never, context: never): unknown => {
      checkTexts(args);
      return field(source, args, context);
    },
  ]);
  // Every field is wrapped by one of the same kind.
  return Object.fromEntries(checked) as Fields;
}

/** PostgreSQL takes no zero character, in a key as little as in a document. */
function checkTexts(value: unknown): void {
  if (typeof value === 'string' && value.includes('\u0000')) {
    throw new CodedError('BAD_USER_INPUT', 'A text with a zero character (U+0000) can not be looked up or kept.');
  }
  if (typeof value !== 'object' || value === null) return;
  for (const part of Object.values(value)) checkTexts(part);
}
