import type { Contribution, MatchExplanation } from '../subgraphs/identity/resolution/explanation.ts';

const BAR_WIDTH = 24;
const BITS_PER_MARK = 1;

/** An explanation as text: a bar a field, the running sum, the threshold, what was decided and by which links. */
export function waterfall(explanation: MatchExplanation): string {
  const { left, right, rule, contributions, bits, probability, threshold, guard, chain } = explanation;
  const lines = [`${left}  and  ${right}`, ''];
  let sum = 0;
  for (const contribution of contributions) {
    if (contribution.level === 'MISSING') continue;
    sum += contribution.bits;
    lines.push(row(contribution, sum));
  }
  lines.push('');
  lines.push(
    `${'SUM'.padEnd(22)}${signed(bits)} bits: ${percent(probability)} one person; linked from ${threshold} bits on`,
  );
  const missing = contributions.filter(({ level }) => level === 'MISSING').map(({ field }) => field);
  if (missing.length > 0) lines.push(`not in both:          ${missing.join(', ')}`);
  if (rule) lines.push(`rule:                 ${rule.name} (${rule.effect}, version ${rule.version})`);
  lines.push(
    `verdict:              ${explanation.verdict}; ${explanation.sameCluster ? 'the same customer' : 'two customers'}`,
  );
  if (guard !== null) lines.push(`guard:                ${guard}`);
  chain.forEach((link, index) => {
    lines.push(
      `${(index === 0 ? 'joined by:' : '').padEnd(22)}${link.from} — ${link.to}  ${link.rule} ${signed(link.bits)}`,
    );
  });
  lines.push(`model ${explanation.modelVersion}, ruleset ${explanation.rulesetVersion}`);
  return lines.join('\n');
}

function row({ field, level, left, right, bits, frequencyBits }: Contribution, sum: number): string {
  const operands =
    left === null && right === null ? '' : left === right ? `  ${left}` : `  ${left ?? '–'} / ${right ?? '–'}`;
  const frequency = Math.abs(frequencyBits) < 0.05 ? '' : `  (${signed(frequencyBits)} by frequency)`;
  return `${field.padEnd(22)}${signed(bits)} ${bar(bits)} → ${signed(sum)}  ${level}${operands}${frequency}`;
}

function bar(bits: number): string {
  const marks = Math.min(BAR_WIDTH, Math.round(Math.abs(bits) / BITS_PER_MARK));
  return (bits < 0 ? '-' : '+').repeat(marks).padEnd(BAR_WIDTH);
}

function signed(bits: number): string {
  return `${bits < 0 ? '−' : '+'}${Math.abs(bits).toFixed(1)}`.padStart(6);
}

function percent(probability: number): string {
  return probability > 0.9995 ? '> 99.9 %' : probability < 0.0005 ? '< 0.1 %' : `${(probability * 100).toFixed(1)} %`;
}
