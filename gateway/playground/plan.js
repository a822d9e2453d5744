/* global React */

const h = React.createElement;
const listeners = new Set();
let lastView;

/** Takes the view out of an answer, so that the answer is shown as every other client gets it. */
export function takeView(answer) {
  const { c360, ...others } = answer?.extensions ?? {};
  if (!c360) return answer;
  lastView = c360;
  for (const listener of listeners) listener(c360);
  const { extensions: _, ...rest } = answer;
  return Object.keys(others).length > 0 ? { ...rest, extensions: others } : rest;
}

function useView() {
  const [view, setView] = React.useState(lastView);
  React.useEffect(() => {
    listeners.add(setView);
    return () => listeners.delete(setView);
  }, []);
  return view;
}

const milliseconds = (value) => (value >= 100 ? `${Math.round(value)} ms` : `${value.toFixed(value >= 10 ? 1 : 2)} ms`);

/** The plan as rows: each fetch with its depth, and a heading for what runs at once or on a condition. */
function rowsOf(node, depth = 0) {
  if (!node) return [];
  if (node.kind === 'fetch') return [{ node, depth }];
  if (node.kind === 'sequence') return node.nodes.flatMap((inner) => rowsOf(inner, depth));
  const heading = node.kind === 'parallel' ? 'at once' : `if $${node.variable}`;
  return [{ heading, depth }, ...node.nodes.flatMap((inner) => rowsOf(inner, depth + 1))];
}

const COLORS = ['#5b8def', '#2fa37c', '#c77d2e', '#9a6ddb', '#c2557a', '#3b9db8', '#8a8f3c', '#7a6a5a'];
function colorOf(subgraph, subgraphs) {
  return COLORS[subgraphs.indexOf(subgraph) % COLORS.length];
}

function bar(from, to, total, style, title) {
  const left = (100 * from) / total;
  const width = Math.max((100 * (to - from)) / total, 0.4);
  return h('span', { className: 'c360-bar', title, style: { left: `${left}%`, width: `${width}%`, ...style } });
}

function Run({ run, total, color }) {
  const { beganMs, sentMs = beganMs, answeredMs = sentMs, mergedMs = answeredMs } = run;
  const failed = run.outcome !== undefined && run.outcome !== 'LIVE';
  return h(
    React.Fragment,
    null,
    bar(beganMs, sentMs, total, { background: color, opacity: 0.35 }, `represent ${milliseconds(sentMs - beganMs)}`),
    bar(
      sentMs,
      answeredMs,
      total,
      failed ? { background: 'repeating-linear-gradient(45deg, #d64545 0 4px, #a33 4px 8px)' } : { background: color },
      `fetch ${milliseconds(answeredMs - sentMs)}`,
    ),
    bar(
      answeredMs,
      mergedMs,
      total,
      { background: color, opacity: 0.35 },
      `merge ${milliseconds(mergedMs - answeredMs)}`,
    ),
  );
}

function FetchRow({ node, depth, total, subgraphs }) {
  const [isOpen, setOpen] = React.useState(false);
  const [first] = node.runs;
  const wait = first && first.answeredMs !== undefined ? milliseconds(first.answeredMs - first.sentMs) : undefined;
  const count = first?.representations ?? 0;
  const entities = count > 0 ? ` · ${count} ${count === 1 ? 'entity' : 'entities'}` : '';
  const outcome = first?.outcome && first.outcome !== 'LIVE' ? ` · ${first.outcome}` : '';
  const color = colorOf(node.subgraph, subgraphs);
  return h(
    'div',
    { className: 'c360-fetch' },
    h(
      'button',
      { type: 'button', className: 'c360-row', 'aria-expanded': isOpen, onClick: () => setOpen(!isOpen) },
      h(
        'span',
        { className: 'c360-label', style: { paddingLeft: `${depth * 12}px` } },
        h('i', { style: { background: color } }),
        h('b', null, node.subgraph),
        h('small', { className: outcome ? 'c360-failed' : '' }, wait ? `${wait}${entities}${outcome}` : 'not asked'),
      ),
      h(
        'span',
        { className: 'c360-track' },
        node.runs.map((run, index) => h(Run, { key: String(index), run, total, color })),
      ),
    ),
    isOpen &&
      h(
        'div',
        { className: 'c360-detail' },
        node.path && h('div', null, `at ${node.path}`),
        h('pre', null, node.operation),
      ),
  );
}

function Stages({ stageMs, total }) {
  let at = 0;
  const names = ['receive', 'guard', 'plan', 'execute'].filter((name) => stageMs[name] !== undefined);
  const shades = { receive: '#9aa4b2', guard: '#7d8897', plan: '#5d6877', execute: '#3f4a59' };
  const bars = names.map((name) => {
    const from = at;
    at += stageMs[name];
    return h(
      React.Fragment,
      { key: name },
      bar(from, at, total, { background: shades[name] }, `${name} ${milliseconds(stageMs[name])}`),
    );
  });
  return h(
    'div',
    { className: 'c360-stages' },
    h('div', { className: 'c360-track' }, bars),
    h(
      'ul',
      null,
      names.map((name) =>
        h(
          'li',
          { key: name },
          h('i', { style: { background: shades[name] } }),
          `${name} ${milliseconds(stageMs[name])}`,
        ),
      ),
    ),
  );
}

function Axis({ total }) {
  const marks = [0, 0.25, 0.5, 0.75, 1];
  return h(
    'div',
    { className: 'c360-axis' },
    marks.map((mark) => h('span', { key: mark, style: { left: `${mark * 100}%` } }, milliseconds(mark * total))),
  );
}

function Panel() {
  const view = useView();
  if (!view)
    return h(
      'div',
      { className: 'c360-plan' },
      h('h2', null, 'Query plan'),
      h('p', null, 'Run a query: its plan and the time of each fetch are shown here.'),
    );
  const rows = rowsOf(view.plan);
  const subgraphs = [...new Set(rows.flatMap(({ node }) => (node ? [node.subgraph] : [])))].sort();
  const ends = rows.flatMap(({ node }) => (node?.runs ?? []).map((run) => run.mergedMs ?? run.answeredMs ?? 0));
  const total = Math.max(view.totalMs, ...ends, 0.1);
  const fetches = rows.filter(({ node }) => node?.runs.length > 0).length;
  return h(
    'div',
    { className: 'c360-plan' },
    h('h2', null, 'Query plan'),
    h('p', null, `${fetches} fetches to ${subgraphs.length} subgraphs in ${milliseconds(view.totalMs)}`),
    h(Stages, { stageMs: view.stageMs, total }),
    h(Axis, { total }),
    rows.map((row, index) =>
      row.heading
        ? h(
            'div',
            { key: String(index), className: 'c360-heading', style: { paddingLeft: `${row.depth * 12}px` } },
            row.heading,
          )
        : h(FetchRow, { key: `${index} ${row.node.subgraph}`, ...row, total, subgraphs }),
    ),
  );
}

function Icon() {
  return h(
    'svg',
    { viewBox: '0 0 24 24', fill: 'none', stroke: 'currentColor', strokeWidth: 2, strokeLinecap: 'round' },
    h('path', { d: 'M3 5h9M8 12h9M13 19h8' }),
  );
}

/** The panel that shows the plan of the last operation and how long each of its fetches took, as a plugin of GraphiQL. */
export const planPlugin = { title: 'Query plan', icon: Icon, content: Panel };
