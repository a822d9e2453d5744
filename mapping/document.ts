/**
 * A mapping document says what one cloud's tables mean: which table and columns become which canonical object.
 * It is data: validated by `mapping/document.schema.json`, checked against the database's catalogue when the cloud
 * starts, and later edited by administrators. `docs/mapping.md` explains it with examples.
 */
export interface MappingDocument {
  /** Path of `document.schema.json`, for editors. */
  readonly $schema?: string;
  /** Name of the cloud, such as `commerce`. */
  readonly cloud: string;
  /** For people: what system this is. */
  readonly title?: string;
  /** Where the system is: `postgresql://host:port/database` without credentials. The cloud's `*_DATABASE_URL` wins over it. */
  readonly database?: string;
  /** ISO 3166 code used where a telephone number has no country of its own. */
  readonly defaultCountry?: string;
  /** How changes are noticed: by the outbox that the cloud's own tables write, or by comparing digests every `everyMs`. */
  readonly changes:
    | { readonly kind: 'outbox'; readonly schema: string }
    | { readonly kind: 'poll'; readonly everyMs: number };
  /** Canonical object name (see `mapping/canonical.ts`) → where it is read from. An object left out does not exist in this cloud. */
  readonly objects: Readonly<Record<string, ObjectMapping>>;
}

/** Where one canonical object is read from. */
export interface ObjectMapping {
  /** Table or view, with its schema: `public.Invoice`. */
  readonly table: string;
  /** What the system calls such a record, such as `account`; `dataSourceObjectId` of profiles. Default: the table's name. */
  readonly objectName?: string | ValueMapping;
  /** Column of the primary key, or of another unique key. It fills the object's key field, which `fields` leaves out. */
  readonly key: string;
  /** To-one joins whose columns can be named as `alias.column`. */
  readonly joins?: readonly JoinMapping[];
  /** Canonical field → value. Lists (contact points, identifications) take a list of objects of values. */
  readonly fields: Readonly<Record<string, FieldMapping>>;
}

/** A to-one join: `table` has at most one row whose column `key` equals `column` of the object's table, or `alias.column` of an earlier join. */
export interface JoinMapping {
  readonly table: string;
  readonly as: string;
  readonly column: string;
  readonly key: string;
}

/** One value, a composite of values (such as money), or a list of composites. */
export type FieldMapping =
  | ValueMapping
  | { readonly [part: string]: ValueMapping }
  | readonly { readonly [part: string]: ValueMapping }[];

/** Where one value comes from and what is done to it, in this order. */
export interface ValueMapping {
  /** Column of the object's table, or `alias.column` of a join. */
  readonly column?: string;
  /** Path into a JSON column, such as `["Social", "instagram"]`. */
  readonly path?: readonly string[];
  /** A fixed value instead of a column. */
  readonly constant?: string | number | boolean;
  /** Several values joined by `separator`; empty ones are left out. */
  readonly concatenate?: { readonly values: readonly ValueMapping[]; readonly separator: string };
  readonly transforms?: readonly Transform[];
}

/** The short list of transforms. */
export type Transform =
  | { readonly kind: 'trim' }
  /**
   * To E.164, or nothing when it is no valid number. `countryColumn` (with `countryPath` into a JSON column) holds an
   * ISO 3166 code or an English country name; where it is empty `country` counts, and without it the document's default.
   */
  | {
      readonly kind: 'phone';
      readonly country?: string;
      readonly countryColumn?: string;
      readonly countryPath?: readonly string[];
    }
  /** A calendar day written as `format` (`DD.MM.YYYY`, `MM/DD/YYYY`, `YYYYMMDD` …) → ISO 8601. */
  | { readonly kind: 'date'; readonly format: string }
  /** One part of a full name: understands `First Last`, `Last, First`, titles and suffixes. */
  | { readonly kind: 'splitName'; readonly part: 'salutation' | 'firstName' | 'middleName' | 'lastName' }
  /** An amount in hundredths (or another divisor) → decimal. */
  | { readonly kind: 'divide'; readonly by: number }
  /** An amount times what another column of the same row holds, such as a quantity. */
  | { readonly kind: 'multiply'; readonly column: string }
  /** The source's own code → the canonical one. Empty values and unknown codes give `otherwise`, or nothing. */
  | {
      readonly kind: 'values';
      readonly map: Readonly<Record<string, string | number | boolean>>;
      readonly otherwise?: string | number | boolean;
    }
  | { readonly kind: 'lowercase' }
  | { readonly kind: 'uppercase' };
