/** What is said about one variable in the documentation. */
export interface VariableDescription {
  readonly group: string;
  /** In words when it is no single value. */
  readonly otherwise: string;
  /** Option of the command line that wins over it. */
  readonly flag?: string;
  readonly meaning: string;
}

/**
 * The one table of variables: what is not in it can't be read. `docs/configuration.md` is generated from it. In a name,
 * `*` stands for a subgraph's name in capital letters.
 */
export const VARIABLES = {
  PORT: {
    group: 'Listening',
    otherwise: '4000',
    flag: '--port',
    meaning: 'Port to listen on; 0 lets the system choose.',
  },
  HOST: {
    group: 'Listening',
    otherwise: '127.0.0.1',
    flag: '--host',
    meaning: 'Address to listen on.',
  },
  SHUTDOWN_GRACE_MS: {
    group: 'Listening',
    otherwise: '2000',
    meaning:
      'After SIGTERM readiness is off, and new connections are served for at most this long: it ends as soon as none has come for a moment. Give it the time that a load balancer takes to notice.',
  },
  SHUTDOWN_LIMIT_MS: {
    group: 'Listening',
    otherwise: '10000',
    meaning: 'When connections are cut whose requests are still running, counted from the end of the grace.',
  },
  SUPERGRAPH: {
    group: 'Supergraph of `c360 gateway`',
    otherwise: 'none',
    flag: '--supergraph',
    meaning: 'File or http(s) URL of the supergraph SDL. A file is watched, a URL is polled with its ETag.',
  },
  SUBGRAPHS: {
    group: 'Supergraph of `c360 gateway`',
    otherwise: 'none',
    flag: '--subgraphs',
    meaning:
      'File with a JSON list of `{"name", "url", "sdl"?}`: these subgraphs are composed, and again when one changes. Without `sdl`, a path beside the file, a subgraph is asked for its SDL.',
  },
  POLL_SECONDS: {
    group: 'Supergraph of `c360 gateway`',
    otherwise: '10',
    flag: '--poll-seconds',
    meaning: 'How often a URL or the subgraphs are asked for something new.',
  },
  SUBGRAPH_TIMEOUT_MS: {
    group: 'Subgraphs',
    otherwise: '2000',
    meaning:
      'How long one fetch to a subgraph may take; only OPERATION_TIMEOUT_MS limits administration that takes as long as there are records, such as `simulateRuleset`.',
  },
  OPERATION_TIMEOUT_MS: {
    group: 'Subgraphs',
    otherwise: '30000',
    meaning:
      'How long all fetches of one operation, or of one event of a subscription, may take together. What is missing then is null, with the code `OPERATION_TIMEOUT`.',
  },
  SUBGRAPH_SIGNING_KEY: {
    group: 'Subgraphs',
    otherwise: 'none',
    meaning:
      'Shared key of at least 32 bytes: requests to remote subgraphs are signed with it, and `c360 subgraph` answers signed ones only, on any address. Several, separated by commas: the first signs, all are accepted.',
  },
  DEDUPLICATION: {
    group: 'Subgraphs',
    otherwise: 'before-sending',
    meaning:
      'Which equal reads share one run and one fetch: `off`; `before-sending`: those that came before it began; `in-flight`: also those that come while it runs, whose answer may be older than they are.',
  },
  ENTITY_BATCHING: {
    group: 'Subgraphs',
    otherwise: 'off',
    meaning: 'on: entity fetches of different requests for the same caller are joined into one.',
  },
  '*_URL': {
    group: 'Subgraphs',
    otherwise: 'in this process',
    meaning: 'The subgraph runs elsewhere and is asked there, such as `COMMERCE_URL`.',
  },
  '*_DATABASE_URL': {
    group: 'Stores',
    otherwise: 'the embedded store',
    meaning: "PostgreSQL server of a subgraph's store, such as `COMMERCE_DATABASE_URL`.",
  },
  '*_MAPPING': {
    group: 'Stores',
    otherwise: 'the built-in one',
    meaning: "Mapping document of a cloud's store, such as `COMMERCE_MAPPING`; see docs/mapping.md.",
  },
  NEO4J_URI: { group: 'Stores', otherwise: 'none', meaning: 'Bolt address of the identity store.' },
  NEO4J_USER: { group: 'Stores', otherwise: 'none', meaning: 'Goes with NEO4J_URI.' },
  NEO4J_PASSWORD: { group: 'Stores', otherwise: 'none', meaning: 'Goes with NEO4J_URI.' },
  NATS_URL: {
    group: 'Stores',
    otherwise: 'none: events are read in the stores',
    meaning:
      'Server of NATS JetStream to which the events of the stores are relayed, such as `nats://user:password@host:4222`, or `tls://…`; several of a cluster with commas between them. See docs/nats.md.',
  },
  NATS_PREFIX: {
    group: 'Stores',
    otherwise: 'c360',
    meaning: 'First part of the names of streams and subjects: installations that share a NATS have different ones.',
  },
  NATS_REPLICAS: {
    group: 'Stores',
    otherwise: '1',
    meaning: 'Servers of a NATS cluster that keep a copy of each stream, at most 5.',
  },
  SAMPLE_DATA: {
    group: 'Stores',
    otherwise: 'on for new stores, unless NODE_ENV is production',
    meaning: 'on: fill our own clouds with invented people; off: never.',
  },
  EVENT_RETENTION: {
    group: 'Stores',
    otherwise: 'P30D',
    meaning:
      'How long events of the clouds are kept, an ISO 8601 duration such as `P30D` or `PT12H`, at least an hour: a cursor from before is answered with `CURSOR_TOO_OLD`. What our own consumers have not taken yet is kept up to twice as long. See docs/events.md.',
  },
  JOURNEYS: {
    group: 'Journeys',
    otherwise: 'on',
    meaning:
      'off: this process lets nobody enter journeys and sends nothing; what waits is gone on with when it is on again, or by another.',
  },
  JOURNEY_TIME_ZONE: {
    group: 'Journeys',
    otherwise: 'UTC',
    meaning: 'IANA zone such as `Europe/Berlin`, of people of whom no address and no number says where they live.',
  },
  UNIFIED_GRAPH_URL: {
    group: 'Journeys',
    otherwise: 'the graph of this process',
    meaning:
      'For `c360 subgraph marketing`: the gateway that its journeys ask, such as `https://gateway:4000/graphql`. Without it they stand still there.',
  },
  UNIFIED_GRAPH_TOKEN: {
    group: 'Journeys',
    otherwise: 'none',
    meaning: 'Bearer token for UNIFIED_GRAPH_URL: of a program, with the role service. Read once.',
  },
  UNIFIED_GRAPH_TOKEN_FILE: {
    group: 'Journeys',
    otherwise: 'none',
    meaning: 'Path of a file with that token, read anew at every question: whoever renews the token replaces the file.',
  },
  SMTP_URL: {
    group: 'Mail of journeys',
    otherwise: 'none: messages are put into the local outbox, which the graph shows as `journeyMessages`',
    meaning:
      'Mail server, such as `smtp://user:password@host:587` or `smtps://…`. After `?`: `tls` required, optional or off (STARTTLS; required unless the server is on this machine), `verify` on or off, `connections` (5), `messages` of one connection (100), `name` for EHLO, `connectTimeout` and `answerTimeout` in milliseconds.',
  },
  MAIL_FROM: {
    group: 'Mail of journeys',
    otherwise: 'nobody',
    meaning: 'Who sends, such as `The Shop <shop@example.com>`. Goes with SMTP_URL.',
  },
  MAIL_REPLY_TO: { group: 'Mail of journeys', otherwise: 'as MAIL_FROM', meaning: 'Address that answers go to.' },
  MAIL_BOUNCE_ADDRESS: {
    group: 'Mail of journeys',
    otherwise: 'as MAIL_FROM',
    meaning: 'Envelope sender: the address that bounces go to.',
  },
  PUBLIC_URL: {
    group: 'Mail of journeys',
    otherwise: 'where the server listens',
    meaning:
      'Where people reach this server, https: links to unsubscribe lead there, `PUBLIC_URL/unsubscribe/…`. Goes with SMTP_URL.',
  },
  UNSUBSCRIBE_KEY: {
    group: 'Mail of journeys',
    otherwise: 'one that the marketing store keeps',
    meaning:
      'Key of at least 32 bytes that signs links to unsubscribe. Several, separated by commas: the first signs, all are accepted. A gateway whose marketing cloud is elsewhere serves the links when both have the same one; `c360 subgraph marketing` needs it with SMTP_URL.',
  },
  DEFAULT_COUNTRY: {
    group: 'Identity',
    otherwise: 'none',
    meaning: 'ISO 3166 code for telephone numbers that have no country of their own.',
  },
  PLANNER: {
    group: 'Planning',
    otherwise: 'auto',
    meaning: "rust, apollo, or auto: the Rust planner, and Apollo's where it cannot run.",
  },
  OVERRIDE_LABELS: {
    group: 'Planning',
    otherwise: 'none',
    meaning:
      'Labels of `@override` that are switched on, with commas between them. Those in per cent switch themselves.',
  },
  AUTH_KEYS: {
    group: 'Authentication',
    otherwise: 'none: only this machine can reach the server, and everybody is its administrator',
    meaning: "File or http(s) URL of the token issuer's JSON Web Key Set.",
  },
  AUTH_ISSUER: {
    group: 'Authentication',
    otherwise: 'none',
    meaning: 'The claim `iss` of tokens. Goes with AUTH_KEYS.',
  },
  AUTH_AUDIENCE: {
    group: 'Authentication',
    otherwise: 'none',
    meaning: 'What the claim `aud` of tokens has to name. Goes with AUTH_KEYS.',
  },
  AUTH_ALGORITHMS: {
    group: 'Authentication',
    otherwise: 'RS, PS and ES with 256, 384 and 512, EdDSA, Ed25519',
    meaning: 'Signatures that are accepted, with commas between them. Those with a shared secret never are.',
  },
  AUTH_REQUIRED: {
    group: 'Authentication',
    otherwise: 'off',
    meaning:
      'on: who sends no token is refused. off: they are anonymous, and only unrestricted fields are open to them.',
  },
  AUTH_REVOCATIONS: {
    group: 'Authentication',
    otherwise: 'none',
    meaning: 'File or http(s) URL of `{"tokenIds": ["…"], "subjects": ["…"]}`, read each 500 ms.',
  },
  AUTH_ROLES_CLAIM: {
    group: 'Authentication',
    otherwise: 'roles',
    meaning: 'Claim with the roles; dots lead into objects.',
  },
  AUTH_SCOPES_CLAIM: { group: 'Authentication', otherwise: 'scope', meaning: 'Claim with the scopes.' },
  AUTH_CUSTOMER_CLAIM: {
    group: 'Authentication',
    otherwise: 'customer360Id',
    meaning: "Claim with the Customer 360 ID of a customer's token.",
  },
  AUTH_PURPOSE_CLAIM: { group: 'Authentication', otherwise: 'purpose', meaning: 'Claim with the purpose of reading.' },
  LIMIT_BODY_BYTES: { group: 'Limits', otherwise: '262144', meaning: 'Bytes of a request body.' },
  LIMIT_TOKENS: { group: 'Limits', otherwise: '2000', meaning: 'Tokens of a document.' },
  LIMIT_DEPTH: { group: 'Limits', otherwise: '12', meaning: 'Levels of fields; introspection does not count.' },
  LIMIT_ALIASES: {
    group: 'Limits',
    otherwise: '30',
    meaning: 'Aliases of an operation, in fragments as often as they are spread.',
  },
  LIMIT_ROOT_FIELDS: { group: 'Limits', otherwise: '20', meaning: 'Fields at the top of an operation.' },
  LIMIT_DIRECTIVES: { group: 'Limits', otherwise: '50', meaning: 'Directives of an operation.' },
  LIMIT_FIELDS: {
    group: 'Limits',
    otherwise: '2000',
    meaning: 'Fields of a document, in fragments as often as they are spread.',
  },
  LIMIT_OVERLAPS: {
    group: 'Limits',
    otherwise: '5000',
    meaning: 'Pairs of fields that stand in one place of the answer.',
  },
  LIMIT_SOCKET_OPERATIONS: { group: 'Limits', otherwise: '100', meaning: 'Operations at a time on one WebSocket.' },
  LIMIT_LIVE_CLIENTS: {
    group: 'Limits',
    otherwise: '50000',
    meaning: 'WebSockets at a time, and as many event streams.',
  },
  LIMIT_WAITING_EVENTS: {
    group: 'Limits',
    otherwise: '1000',
    meaning: 'Events that wait for one client; one that reads more slowly is closed and goes on with its last cursor.',
  },
  LIMIT_WAITING_BYTES: { group: 'Limits', otherwise: '1048576', meaning: 'Bytes that wait for one client.' },
  COST_BUDGETS: {
    group: 'Limits',
    otherwise: 'app=20000, agent=100000, admin=1000000, service=1000000, others 20000',
    meaning:
      "What an operation may cost by the caller's role, such as `app=20000,agent=100000,*=1000`. Costs count where the supergraph has `@cost` or `@listSize`, or when this is set.",
  },
  COST_LIST_SIZE: {
    group: 'Limits',
    otherwise: '10',
    meaning: 'Items of a list of which the supergraph says nothing.',
  },
  PERSISTED_OPERATIONS: {
    group: 'Registered operations',
    otherwise: 'none',
    meaning: "Apollo's persisted query manifest, or a JSON object of document by id.",
  },
  PERSISTED_OPERATIONS_ONLY: {
    group: 'Registered operations',
    otherwise: 'off',
    meaning: 'on: nothing else runs.',
  },
  INTROSPECTION: {
    group: 'What is shown',
    otherwise: 'on, unless NODE_ENV is production',
    meaning: 'off: the schema is hidden from clients.',
  },
  SUGGESTIONS: {
    group: 'What is shown',
    otherwise: 'on, unless NODE_ENV is production',
    meaning: 'off: errors do not say "Did you mean".',
  },
  PLAYGROUND: {
    group: 'What is shown',
    otherwise: 'on, unless NODE_ENV is production',
    meaning: 'off: browsers get no page.',
  },
  CORS_ORIGINS: {
    group: 'What is shown',
    otherwise: 'none',
    meaning: 'Origins whose pages may ask from a browser, with commas between them; `*` for all.',
  },
  LOG_LEVEL: {
    group: 'Operation',
    otherwise: 'info',
    meaning: 'trace, debug, info, warn, error, fatal or silent.',
  },
  LOG_SAMPLE_PERCENT: {
    group: 'Operation',
    otherwise: '100',
    meaning: 'Of the requests that went well, how many in a hundred have a line in the log. Errors always have one.',
  },
  NODE_ENV: {
    group: 'Operation',
    otherwise: 'development',
    meaning: 'production switches sample data, introspection and the playground off.',
  },
} as const satisfies Record<string, VariableDescription>;

/** Name of a variable that may be read. */
export type VariableName =
  | Exclude<keyof typeof VARIABLES, `*${string}`>
  | `${string}_URL`
  | `${string}_DATABASE_URL`
  | `${string}_MAPPING`;

/** `docs/configuration.md`: the table as Markdown. */
export function documentVariables(): string {
  const entries: [string, VariableDescription][] = Object.entries(VARIABLES);
  const groups = [...new Set(entries.map(([, { group }]) => group))];
  const sections = groups.map((group) => {
    const rows = entries
      .filter(([, variable]) => variable.group === group)
      .map(([name, { otherwise, flag, meaning }]) => {
        const option = flag === undefined ? '' : `\`${flag}\``;
        return `| \`${name}\` | ${option} | ${otherwise} | ${meaning} |`;
      });
    return [`## ${group}`, '', '| variable | option | otherwise | meaning |', '|---|---|---|---|', ...rows].join('\n');
  });
  return `# Configuration

<!-- Generated from gateway/variables.ts by \`npm run generate\`. -->

Everything is read from the environment once, when a command starts; an option of the command line wins. Every fault is told at
once, with exit code 78, and nothing that may be secret is repeated. \`*\` stands for a subgraph's name in capital letters.

${sections.join('\n\n')}
`;
}
