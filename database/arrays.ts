/** Writes an array as PostgreSQL reads it: `{"a","b",NULL}`, nested ones too. */
export function formatArray(values: readonly unknown[], format: (value: unknown) => string | null): string {
  const elements = values.map((value) => {
    if (Array.isArray(value)) return formatArray(value, format);
    const text = format(value);
    return text === null ? 'NULL' : `"${text.replace(/["\\]/g, '\\$&')}"`;
  });
  return `{${elements.join(',')}}`;
}

/** Reads an array as PostgreSQL writes it, nested ones too. */
export function parseArray(text: string, parse: (element: string) => unknown): unknown[] {
  // `[0:1]={…}` tells the bounds of an array that does not begin at 1.
  const start = text.startsWith('[') ? text.indexOf('=') + 1 : 0;
  return parseLevel(text, start, parse).values;
}

/** One pair of braces; `end` is the place after it. */
function parseLevel(
  text: string,
  start: number,
  parse: (element: string) => unknown,
): { values: unknown[]; end: number } {
  const values: unknown[] = [];
  let at = start + 1;
  while (at < text.length && text[at] !== '}') {
    if (text[at] === ',') {
      at += 1;
    } else if (text[at] === '{') {
      const nested = parseLevel(text, at, parse);
      values.push(nested.values);
      at = nested.end;
    } else if (text[at] === '"') {
      const quoted = readQuoted(text, at);
      values.push(parse(quoted.element));
      at = quoted.end;
    } else {
      const end = endOfBare(text, at);
      const element = text.slice(at, end);
      values.push(element === 'NULL' ? null : parse(element));
      at = end;
    }
  }
  return { values, end: at + 1 };
}

function readQuoted(text: string, start: number): { element: string; end: number } {
  let element = '';
  let at = start + 1;
  while (at < text.length && text[at] !== '"') {
    if (text[at] === '\\') at += 1;
    element += text[at];
    at += 1;
  }
  return { element, end: at + 1 };
}

function endOfBare(text: string, start: number): number {
  let at = start;
  while (at < text.length && text[at] !== ',' && text[at] !== '}') at += 1;
  return at;
}
