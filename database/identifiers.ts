/** Writes a name so that SQL takes it as it is, whatever its letters. Throws on a zero byte, which no name may have. */
export function quoteIdentifier(name: string): string {
  if (name === '' || name.includes('\0')) throw new Error('A name in SQL has at least one character and no zero byte.');
  return `"${name.replaceAll('"', '""')}"`;
}

/** Writes a text as a literal of SQL, for the few places that take no parameters. Throws on a zero byte. */
export function quoteLiteral(text: string): string {
  if (text.includes('\0')) throw new Error('A text in SQL has no zero byte.');
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}
