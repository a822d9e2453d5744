import { recordKey } from '../../store/repository.ts';
import type { MatchRecord } from '../match-record.ts';
import { grown } from './dictionary.ts';
import { FeatureWriter, ROOM } from './feature-writer.ts';

/** Records with their features as numbers, made in one thread and taken over in another. Can be sent as it is. */
export interface EncodedRecords {
  readonly keys: readonly string[];
  /** Where each record begins in `data`. */
  readonly starts: Int32Array<ArrayBuffer>;
  readonly data: Int32Array<ArrayBuffer>;
  /** Texts that were numbered since the batch before, by dictionary. */
  readonly texts: readonly (readonly string[])[];
}

/** Writes records as numbers for an engine elsewhere, which then need not look texts up: a third of loading many records. */
export class RecordEncoder extends FeatureWriter {
  private readonly sent = this.dictionaries.map(() => 0);
  private data: Int32Array<ArrayBuffer> = new Int32Array(1 << 16);

  /** The records, and the texts that batches before did not have. */
  encode(records: readonly MatchRecord[]): EncodedRecords {
    const starts = new Int32Array(records.length);
    let at = 0;
    records.forEach((record, index) => {
      if (at + ROOM >= this.data.length) this.data = grown(this.data, at + ROOM);
      starts[index] = at;
      at = this.write(record, this.data, at);
    });
    const texts = this.dictionaries.map((dictionary, index) => dictionary.texts.slice(this.sent[index]));
    this.dictionaries.forEach(({ size }, index) => {
      this.sent[index] = size;
    });
    return { keys: records.map(recordKey), starts, data: this.data.slice(0, at), texts };
  }
}
