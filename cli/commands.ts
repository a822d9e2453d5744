/** One command of `c360`. */
export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  /** What `--help` prints. */
  readonly help: string;
  /** Gives the exit code. What it throws is explained by `explain`. */
  readonly run: (argv: readonly string[]) => Promise<number>;
}

/** Every command, by name. Each loads its own code only when it runs, so that none waits for another's libraries. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  start: {
    summary: 'the whole of Customer 360 in one process',
    help: `Usage: c360 start [--port N] [--host HOST] [--data DIR|memory]

Serves the unified graph, with every subgraph that is not remote in the same process.

  --port N           port to listen on, 0 for any free one (PORT, 4000)
  --host HOST        loopback address to listen on (HOST, 127.0.0.1)
  --data DIR|memory  folder of the embedded store, or \`memory\` to keep nothing (.data)

CONTRIBUTING.md lists the variables for PostgreSQL, Neo4j, other mappings and remote subgraphs.`,
    run: async (argv) => (await import('./start.ts')).runStart(argv),
  },
  gateway: {
    summary: 'a plain federation gateway for any supergraph',
    help: `Usage: c360 gateway --supergraph FILE|URL [--port N] [--host H] [--poll-seconds N]
       c360 gateway --subgraphs FILE [--port N] [--host H] [--poll-seconds N]

Serves the supergraph; its subgraphs are asked at the routing URLs that the SDL names. A new one takes over without a request
being lost; one that is not valid is refused, and the one before stays.

  --supergraph FILE|URL  the supergraph's SDL; a file is watched, a URL is polled (SUPERGRAPH)
  --subgraphs FILE       JSON list of {"name", "url", "sdl"?}, composed here; without the path of an SDL a subgraph is asked (SUBGRAPHS)
  --poll-seconds N       how often a URL or the subgraphs are asked for something new (POLL_SECONDS, 10)
  --port N               port to listen on, 0 for any free one (PORT, 4000)
  --host HOST            loopback address to listen on (HOST, 127.0.0.1)`,
    run: async (argv) => (await import('./gateway.ts')).runGateway(argv),
  },
  subgraph: {
    summary: 'one subgraph alone, over HTTP',
    help: `Usage: c360 subgraph NAME --port N [--host HOST] [--data DIR|memory]

Serves identity, commerce, marketing or service. Identity reads the clouds at COMMERCE_URL, MARKETING_URL and SERVICE_URL.

  --port N           port to listen on, 0 for any free one
  --host HOST        loopback address to listen on (HOST, 127.0.0.1)
  --data DIR|memory  folder of the embedded store, or \`memory\` to keep nothing (.data)`,
    run: async (argv) => (await import('./subgraph.ts')).runSubgraph(argv),
  },
  compose: {
    summary: 'write the supergraph of the four subgraphs, or of others',
    help: `Usage: c360 compose [--subgraphs FILE] [--output FILE]

Composes the subgraphs of this package into a supergraph SDL, with COMMERCE_URL and the like as routing URLs where they are set.

  --subgraphs FILE  compose those of this JSON list of {"name", "url", "sdl"?} instead; without the path of an SDL a subgraph is asked
  --output FILE     where to write it; standard output when not given`,
    run: async (argv) => (await import('./compose.ts')).runCompose(argv),
  },
  import: {
    summary: "load a cloud's own export into its store",
    help: `Usage: c360 import --cloud NAME FILE.ndjson [--refused FILE] [--data DIR]

Loads one JSON object a line, in batches; a run that was cut off goes on where it stopped. Exits 1 when lines were refused.

  --cloud NAME    commerce, marketing or service
  --refused FILE  also write each refused line's number and reason there
  --data DIR      folder of the embedded store (.data), when the cloud has no *_DATABASE_URL`,
    run: async (argv) => (await import('./import.ts')).runImportCommand(argv),
  },
  resolve: {
    summary: 'put records of files together into people',
    help: `Usage: c360 resolve --input FILE.ndjson [--input FILE …] --output clusters.csv [--report report.json]

Reads canonical source records, one JSON object a line, fits a model to them, and writes sourceRecordId,customer360Id.
The same input gives the same output. Lines that are no records are named on standard error and skipped; the exit code is 0 all the same.

  --input FILE    may be given several times; - reads standard input
  --output FILE   where to write the clusters
  --report FILE   where to write model, threshold, cluster sizes, bad lines, uncertain pairs and warnings, as JSON
  --ruleset FILE  other rules than the project's
  --model FILE    a model, or an earlier report that holds one, instead of fitting one`,
    run: async (argv) => (await import('./resolve.ts')).runResolve(argv),
  },
  explain: {
    summary: 'say why two records of a file are, or are not, one person',
    help: `Usage: c360 explain A B --input FILE.ndjson [--input FILE …]

Prints a waterfall: what each field adds, the rule that fired, the threshold, the links that join the two. It shows personal data.

  A, B            dataSourceId|sourceRecordId, or the sourceRecordId alone
  --input FILE    the records, as for \`c360 resolve\`
  --ruleset FILE  other rules than the project's
  --model FILE    a model, or a report that holds one, instead of fitting one`,
    run: async (argv) => (await import('./explain.ts')).runExplain(argv),
  },
  version: {
    summary: 'print the version',
    help: 'Usage: c360 version',
    run: async () => {
      const { readFileSync } = await import('node:fs');
      const { PACKAGE_ROOT } = await import('../schema/package-root.ts');
      console.log(JSON.parse(readFileSync(`${PACKAGE_ROOT}/package.json`, 'utf8')).version);
      return 0;
    },
  },
};

/** What `c360 help` prints. */
export const HELP = `Usage: c360 COMMAND [OPTIONS]

${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(10)}${summary}`)
  .join('\n')}
  help      this list, or \`c360 help COMMAND\``;
