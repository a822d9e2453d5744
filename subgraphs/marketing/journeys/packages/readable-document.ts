/**
 * A document as a person compares it, line by line: JSON with sorted-out lines, texts of several lines unfolded, so that one changed
 * line of a template is one line of the diff. What is not JSON stays as it is.
 */
export function readableDocument(document: string): string {
  let value: unknown;
  try {
    value = JSON.parse(document);
  } catch {
    return document;
  }
  return JSON.stringify(value, null, 2).split('\n').flatMap(unfold).join('\n');
}

function unfold(line: string): string[] {
  if (!line.includes('\\n')) return [line];
  const [, indent = ''] = /^(\s*)/.exec(line) ?? [];
  const [, head = '', quoted = '', end = ''] =
    /^(\s*(?:"(?:[^"\\]|\\.)*": )?)("(?:[^"\\]|\\.)*")(,?)$/.exec(line) ?? [];
  if (quoted === '') return [line];
  const texts = (JSON.parse(quoted) as string).split('\n').map((text) => `${indent}  ${text}`.trimEnd());
  return [`${head}"""`, ...texts, `${indent}"""${end}`];
}
