import type { VariableReader } from './variable-reader.ts';

/** How journeys go. */
export interface JourneysConfig {
  /** False: nobody enters journeys here, and nothing is sent. */
  readonly areOn: boolean;
  /** IANA zone of people of whom nobody knows where they live. */
  readonly timeZone: string;
  /** The unified graph elsewhere, for `c360 subgraph marketing`. */
  readonly graphUrl?: string;
  /** Bearer token for it. Secret. */
  readonly graphToken?: string;
  /** Path of a file that holds the token, and may hold another one later. */
  readonly graphTokenFile?: string;
}

const TIME_ZONE = 'UTC';

/** Reads what journeys need. */
export function readJourneys(reader: VariableReader): JourneysConfig {
  const timeZone = reader.text('JOURNEY_TIME_ZONE') ?? TIME_ZONE;
  if (!isZone(timeZone)) reader.fault('JOURNEY_TIME_ZONE', 'must be an IANA zone, such as Europe/Berlin.');
  const graphUrl = reader.url('UNIFIED_GRAPH_URL', ['http:', 'https:']);
  const graphToken = reader.text('UNIFIED_GRAPH_TOKEN');
  const graphTokenFile = reader.file('UNIFIED_GRAPH_TOKEN_FILE');
  for (const name of ['UNIFIED_GRAPH_TOKEN', 'UNIFIED_GRAPH_TOKEN_FILE'] as const) {
    if (reader.text(name) !== undefined && graphUrl === undefined) {
      reader.fault(name, 'goes with UNIFIED_GRAPH_URL, which is missing.');
    }
  }
  if (graphToken !== undefined && graphTokenFile !== undefined) {
    reader.fault('UNIFIED_GRAPH_TOKEN_FILE', 'is another place for UNIFIED_GRAPH_TOKEN: give one of them.');
  }
  return {
    areOn: reader.boolean('JOURNEYS') ?? true,
    timeZone,
    ...(graphUrl !== undefined && { graphUrl }),
    ...(graphToken !== undefined && { graphToken }),
    ...(graphTokenFile !== undefined && { graphTokenFile }),
  };
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
