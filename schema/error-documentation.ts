import { ERRORS } from './errors.ts';

/** `docs/errors.md`: the table of error codes as Markdown. */
export function documentErrors(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { status, cause, remedy }]) => `| \`${code}\` | ${status} | ${cause} | ${remedy} |`,
  );
  return `# Error codes

<!-- Generated from schema/errors.ts by \`npm run generate\`. -->

Every error of an answer carries \`extensions.code\`, one of these. The HTTP status is that of a request that was refused as a
whole; an error beside data comes with 200.

| code | HTTP status | cause | what to do |
|---|---|---|---|
${rows.join('\n')}
`;
}
