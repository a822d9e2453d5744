import type { Database } from '../../database/database.ts';
import { COMMERCE_SAMPLE } from '../commerce/sample.ts';
import { MARKETING_SAMPLE } from '../marketing/sample.ts';
import { SERVICE_SAMPLE } from '../service/sample.ts';
import { fillCloud, type SampleCounts } from './fill-cloud.ts';
import type { SampleCloud } from './sample-cloud.ts';

/** The clouds that have sample data. */
export const SAMPLE_CLOUDS = {
  commerce: COMMERCE_SAMPLE,
  marketing: MARKETING_SAMPLE,
  service: SERVICE_SAMPLE,
} as const satisfies Record<string, SampleCloud>;

/** Name of a cloud that has sample data. */
export type SampleCloudName = keyof typeof SAMPLE_CLOUDS;

/** What to fill the stores with. */
export interface FillSampleDataOptions {
  /** The stores to fill, migrated; they may be one and the same. A cloud left out is not filled. */
  readonly databases: Readonly<Partial<Record<SampleCloudName, Database>>>;
  /** The time to count back from, milliseconds since 1970 UTC. */
  readonly now: number;
  /** How many people to invent besides those told of in README.md, 0 to 100,000. Default: 2,100. */
  readonly people?: number;
  /** The same seed and time give the same data. Default: 360. */
  readonly seed?: number;
  /** Called after each batch. */
  readonly onProgress?: (progress: SampleProgress) => void;
}

/** How far the filling is. */
export interface SampleProgress {
  readonly cloud: SampleCloudName;
  readonly peopleDone: number;
  readonly people: number;
}

/** How many people sample data has when nobody says otherwise, besides those told of in README.md. */
export const SAMPLE_PEOPLE = 2_100;

/** Which people they are when nobody says otherwise. */
export const SAMPLE_SEED = 360;

/**
 * Fills the clouds' stores with sample data, one transaction for each: after a crash a cloud is full or empty, never half.
 * A cloud that has records of people already is left alone. Gives the rows written by cloud and table.
 * Each cloud's data comes from that cloud's own folder; they agree because they go through the same invented people.
 */
export async function fillSampleData(
  options: FillSampleDataOptions,
): Promise<Partial<Record<SampleCloudName, SampleCounts>>> {
  const { databases, now, people = SAMPLE_PEOPLE, seed = SAMPLE_SEED, onProgress } = options;
  const written: Partial<Record<SampleCloudName, SampleCounts>> = {};
  for (const cloud of Object.keys(SAMPLE_CLOUDS) as SampleCloudName[]) {
    const database = databases[cloud];
    if (!database) continue;
    const counts = await fillCloud({
      cloud: SAMPLE_CLOUDS[cloud],
      database,
      now,
      seed,
      people,
      onProgress: (peopleDone) => onProgress?.({ cloud, peopleDone, people }),
    });
    if (counts) written[cloud] = counts;
  }
  return written;
}
