/** Values of a metric's labels, in the order of their names. */
export type LabelValues = readonly string[];

/** Only goes up. */
export interface Counter {
  add(values: LabelValues, amount?: number): void;
}

/** Counts observations by size. */
export interface Histogram {
  observe(values: LabelValues, value: number): void;
}

/** What a metric is called and what for. */
export interface MetricName {
  /** Unit last, such as `c360_fetch_duration_seconds`. */
  readonly name: string;
  readonly help: string;
  /** Names of its labels. Their values are names of ours (stages, subgraphs, codes), never anybody's data. */
  readonly labels?: readonly string[];
}

/** From half a millisecond to ten seconds. */
const DURATION_BOUNDS_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Sets of label values that one metric keeps; what comes beyond is counted together. */
const SERIES_LIMIT = 500;
const BEYOND = 'other';

/** Everything that is counted, as Prometheus' text format shows it. */
export class Metrics {
  readonly #writers: (() => string[])[] = [];

  /** Adds a counter. */
  counter(metric: MetricName): Counter {
    const series = new Series(metric, () => ({ total: 0 }));
    this.#add(metric, 'counter', () =>
      series.entries().map(([labels, { total }]) => `${metric.name}${braced(labels)} ${total}`),
    );
    return {
      add: (values, amount = 1) => {
        series.at(values).total += amount;
      },
    };
  }

  /** Adds a histogram of durations in seconds, or of another unit with other bounds. */
  histogram(metric: MetricName, bounds: readonly number[] = DURATION_BOUNDS_SECONDS): Histogram {
    const series = new Series(metric, () => ({ counts: new Array<number>(bounds.length + 1).fill(0), sum: 0 }));
    this.#add(metric, 'histogram', () =>
      series.entries().flatMap(([labels, state]) => writeHistogram(metric.name, labels, bounds, state)),
    );
    return {
      observe: (values, value) => {
        const state = series.at(values);
        let index = 0;
        while (index < bounds.length && value > (bounds[index] ?? 0)) index += 1;
        state.counts[index] = (state.counts[index] ?? 0) + 1;
        state.sum += value;
      },
    };
  }

  /** Adds what is read whenever somebody looks: pairs of label values and number. */
  gauge(metric: MetricName, read: () => Iterable<readonly [LabelValues, number]>, type = 'gauge'): void {
    this.#add(metric, type, () =>
      [...read()].map(([values, value]) => `${metric.name}${braced(labelText(metric.labels ?? [], values))} ${value}`),
    );
  }

  /** Everything so far. */
  text(): string {
    return `${this.#writers.flatMap((write) => write()).join('\n')}\n`;
  }

  #add({ name, help }: MetricName, type: string, samples: () => string[]): void {
    this.#writers.push(() => [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples()]);
  }
}

/** The states of a metric by label values. One that is known is found without building its text. */
class Series<State> {
  readonly #labels: readonly string[];
  readonly #make: () => State;
  readonly #states = new Map<string, State>();

  constructor({ labels = [] }: MetricName, make: () => State) {
    this.#labels = labels;
    this.#make = make;
    if (labels.length === 0) this.#states.set('', make());
  }

  at(values: LabelValues): State {
    const key = values.length === 1 ? (values[0] ?? '') : values.join('\n');
    const known = this.#states.get(key);
    if (known) return known;
    if (this.#states.size >= SERIES_LIMIT && !values.every((value) => value === BEYOND)) {
      return this.at(values.map(() => BEYOND));
    }
    const made = this.#make();
    this.#states.set(key, made);
    return made;
  }

  entries(): [string, State][] {
    return [...this.#states].map(([key, state]) => [labelText(this.#labels, key.split('\n')), state]);
  }
}

function writeHistogram(
  name: string,
  labels: string,
  bounds: readonly number[],
  { counts, sum }: { readonly counts: readonly number[]; readonly sum: number },
): string[] {
  let cumulative = 0;
  const buckets = counts.map((count, index) => {
    cumulative += count;
    const bound = `le="${bounds[index] ?? '+Inf'}"`;
    return `${name}_bucket${braced(labels === '' ? bound : `${labels},${bound}`)} ${cumulative}`;
  });
  return [...buckets, `${name}_sum${braced(labels)} ${sum}`, `${name}_count${braced(labels)} ${cumulative}`];
}

function labelText(names: readonly string[], values: LabelValues): string {
  return names.map((name, index) => `${name}="${escaped(values[index] ?? '')}"`).join(',');
}

function braced(labels: string): string {
  return labels === '' ? '' : `{${labels}}`;
}

function escaped(value: string): string {
  return value.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`));
}
