/** Longest text of a person's or a product's that goes into a message, in UTF-16 units. Names are hostile input. */
const LONGEST_VALUE = 300;
/** Longest subject line. */
const LONGEST_SUBJECT = 200;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;
/** Marks that turn the direction of the text that follows, by which a name could turn around what stands beside it. */
const DIRECTION_MARKS = /[\u202a-\u202e\u2066-\u2069]/g;
const LONE_SURROGATES = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** A value on one line, without characters that control anything, of a length that does not burst a message. */
export function cleanValue(text: string): string {
  const line = text.slice(0, LONGEST_VALUE * 4).replace(LONE_SURROGATES, '\ufffd');
  return shortened(line.replace(DIRECTION_MARKS, '').replace(CONTROLS, ' '), LONGEST_VALUE);
}

/** A subject line: one line, since a line break in it would begin another header. */
export function cleanSubject(text: string): string {
  const line = text.replace(LONE_SURROGATES, '\ufffd').replace(DIRECTION_MARKS, '').replace(CONTROLS, ' ');
  return shortened(line.replace(/\s+/g, ' ').trim(), LONGEST_SUBJECT);
}

/** Plain text: lines ended by LF, no more than one empty line in a row, nothing that controls but those. */
export function cleanBody(text: string): string {
  const lines = text.replace(/\r\n?/g, '\n').split('\n');
  return `${lines
    .map((line) =>
      line.replace(LONE_SURROGATES, '\ufffd').replace(DIRECTION_MARKS, '').replace(CONTROLS, ' ').trimEnd(),
    )
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()}\n`;
}

/** Cut between characters as people see them, such as an emoji of several code points. */
function shortened(text: string, longest: number): string {
  if (text.length <= longest) return text;
  let end = 0;
  for (const { index, segment } of new Intl.Segmenter().segment(text)) {
    if (index + segment.length > longest - 1) break;
    end = index + segment.length;
  }
  return `${text.slice(0, end)}…`;
}
