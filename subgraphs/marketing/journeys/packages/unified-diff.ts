/** Lines around a change that are shown with it. */
const CONTEXT = 3;

interface Line {
  readonly sign: ' ' | '-' | '+';
  readonly text: string;
}

/**
 * The lines by which two texts differ, as a unified diff (as of `diff -u`, without the names of files); null when they do not. A
 * document has some hundred lines, so that the table of the longest common subsequence is small.
 */
export function unifiedDiff(before: string, after: string): string | null {
  if (before === after) return null;
  const lines = compare(before.split('\n'), after.split('\n'));
  const hunks = groups(lines).map(({ start, end }) => hunk(lines, start, end));
  return ['--- installed', '+++ new', ...hunks].join('\n');
}

/** Longest common subsequence by dynamic programming, after what is common at both ends has been set apart. */
function compare(before: readonly string[], after: readonly string[]): Line[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head += 1;
  let tail = 0;
  const most = Math.min(before.length, after.length) - head;
  while (tail < most && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1;
  const kept = (text: string): Line => ({ sign: ' ', text });
  return [
    ...before.slice(0, head).map(kept),
    ...compareMiddle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...before.slice(before.length - tail).map(kept),
  ];
}

function compareMiddle(before: readonly string[], after: readonly string[]): Line[] {
  const width = after.length + 1;
  // common[i * width + j]: length of the longest common subsequence of before[i…] and after[j…]
  const common = new Uint32Array((before.length + 1) * width);
  const at = (i: number, j: number) => common[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      common[i * width + j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: Line[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    const [old, fresh] = [before[i], after[j]];
    if (old !== undefined && old === fresh) {
      lines.push({ sign: ' ', text: old });
      i += 1;
      j += 1;
    } else if (old !== undefined && (fresh === undefined || at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ sign: '-', text: old });
      i += 1;
    } else if (fresh !== undefined) {
      lines.push({ sign: '+', text: fresh });
      j += 1;
    }
  }
  return lines;
}

/** Changes that lie so near that their contexts meet are one hunk. */
function groups(lines: readonly Line[]): { start: number; end: number }[] {
  const found: { start: number; end: number }[] = [];
  for (const [index, { sign }] of lines.entries()) {
    if (sign === ' ') continue;
    const last = found.at(-1);
    const start = Math.max(0, index - CONTEXT);
    const end = Math.min(lines.length, index + CONTEXT + 1);
    if (last && start <= last.end) last.end = end;
    else found.push({ start, end });
  }
  return found;
}

function hunk(lines: readonly Line[], start: number, end: number): string {
  const part = lines.slice(start, end);
  const range = (side: '-' | '+') => {
    const before = lines.slice(0, start).filter(({ sign }) => sign === ' ' || sign === side).length;
    const count = part.filter(({ sign }) => sign === ' ' || sign === side).length;
    return `${side}${count === 0 ? before : before + 1}${count === 1 ? '' : `,${count}`}`;
  };
  return [`@@ ${range('-')} ${range('+')} @@`, ...part.map(({ sign, text }) => sign + text)].join('\n');
}
