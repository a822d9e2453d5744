/** Documents that decide, kept in versions. RULESET: rules and thresholds; MODEL: the engine's parameters; SURVIVORSHIP: which value is shown. */
export type DocumentKind = 'RULESET' | 'MODEL' | 'SURVIVORSHIP';

/** One version of a document. Versions are never changed. */
export interface StoredDocument {
  readonly kind: DocumentKind;
  /** From 1, without gaps, for each kind. */
  readonly version: number;
  /** The document, as JSON text. */
  readonly text: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly createdBy: string | null;
  readonly reason: string | null;
  readonly isActive: boolean;
}

/** Reads versioned documents. */
export interface DocumentStore {
  /** The version in effect, null when none was ever activated: what the package brings is in effect then. */
  active(kind: DocumentKind): Promise<StoredDocument | null>;
  /** One version, null when there is none. */
  version(kind: DocumentKind, version: number): Promise<StoredDocument | null>;
  /** All versions, latest first, before one; at most 1,000. */
  list(kind: DocumentKind, options: { readonly before?: number; readonly first: number }): Promise<StoredDocument[]>;
}
