import type { Database } from '../../database/database.ts';

/** The tables of Chinook as JSON: table name → rows with the table's own column names. */
export type ChinookTables = Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;

interface Column {
  readonly name: string;
  readonly type: string;
  /** Table whose key it holds. */
  readonly references?: string;
}

const id = (name: string): Column => ({ name, type: 'integer NOT NULL' });
const text = (name: string, length: number, isRequired = false): Column => ({
  name,
  type: `varchar(${length})${isRequired ? ' NOT NULL' : ''}`,
});
const column = (name: string, type: string): Column => ({ name, type });
const reference = (name: string, references: string, isRequired = false): Column => ({
  name,
  type: isRequired ? 'integer NOT NULL' : 'integer',
  references,
});
const address = (prefix: string): Column[] => [
  text(`${prefix}Address`, 70),
  text(`${prefix}City`, 40),
  text(`${prefix}State`, 40),
  text(`${prefix}Country`, 40),
  text(`${prefix}PostalCode`, 10),
];
const reached = (): Column[] => [text('Phone', 24), text('Fax', 24)];

/** Chinook's own tables and columns, each table after those it refers to. A table's key is its first column. */
const TABLES: Readonly<Record<string, readonly Column[]>> = {
  Genre: [id('GenreId'), text('Name', 120)],
  MediaType: [id('MediaTypeId'), text('Name', 120)],
  Artist: [id('ArtistId'), text('Name', 120)],
  Album: [id('AlbumId'), text('Title', 160, true), reference('ArtistId', 'Artist', true)],
  Track: [
    id('TrackId'),
    text('Name', 200, true),
    reference('AlbumId', 'Album'),
    reference('MediaTypeId', 'MediaType', true),
    reference('GenreId', 'Genre'),
    text('Composer', 220),
    column('Milliseconds', 'integer NOT NULL'),
    column('Bytes', 'integer'),
    column('UnitPrice', 'numeric(10,2) NOT NULL'),
  ],
  Employee: [
    id('EmployeeId'),
    text('LastName', 20, true),
    text('FirstName', 20, true),
    text('Title', 30),
    reference('ReportsTo', 'Employee'),
    column('BirthDate', 'timestamp'),
    column('HireDate', 'timestamp'),
    ...address(''),
    ...reached(),
    text('Email', 60),
  ],
  Customer: [
    id('CustomerId'),
    text('FirstName', 40, true),
    text('LastName', 20, true),
    text('Company', 80),
    ...address(''),
    ...reached(),
    text('Email', 60, true),
    reference('SupportRepId', 'Employee'),
  ],
  Invoice: [
    id('InvoiceId'),
    reference('CustomerId', 'Customer', true),
    column('InvoiceDate', 'timestamp NOT NULL'),
    ...address('Billing'),
    column('Total', 'numeric(10,2) NOT NULL'),
  ],
  InvoiceLine: [
    id('InvoiceLineId'),
    reference('InvoiceId', 'Invoice', true),
    reference('TrackId', 'Track', true),
    column('UnitPrice', 'numeric(10,2) NOT NULL'),
    column('Quantity', 'integer NOT NULL'),
  ],
};

/**
 * Makes Chinook's tables in the schema `public` and fills them, in one transaction: a shop as it is, that nobody built for
 * this project. Gives the number of rows written by table. Fails when one of the tables exists.
 */
export async function loadChinook(database: Database, data: ChinookTables): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  await database.transaction(async (transaction) => {
    for (const [table, columns] of Object.entries(TABLES)) {
      await transaction.query(createTableSql(table, columns));
      const names = columns.map(({ name }) => `"${name}"`).join(', ');
      const fill = `INSERT INTO public."${table}" SELECT ${names} FROM json_populate_recordset(NULL::public."${table}", $1::json)`;
      const rows = data[table] ?? [];
      await transaction.query(fill, [JSON.stringify(rows)]);
      counts[table] = rows.length;
      for (const { name, references } of columns) {
        if (!references) continue;
        await transaction.query(`CREATE INDEX "IFK_${table}${name}" ON public."${table}" ("${name}")`);
      }
    }
  });
  for (const table of Object.keys(TABLES)) await database.query(`ANALYZE public."${table}"`);
  return counts;
}

function createTableSql(table: string, columns: readonly Column[]): string {
  const [key] = columns;
  const parts = columns.map(({ name, type }) => `"${name}" ${type}`);
  const references = columns.flatMap(({ name, references: target }) => {
    const targetKey = target === undefined ? undefined : TABLES[target]?.[0]?.name;
    return targetKey === undefined
      ? []
      : [`CONSTRAINT "FK_${table}${name}" FOREIGN KEY ("${name}") REFERENCES public."${target}" ("${targetKey}")`];
  });
  const primaryKey = `CONSTRAINT "PK_${table}" PRIMARY KEY ("${key?.name}")`;
  return `CREATE TABLE public."${table}" (${[...parts, primaryKey, ...references].join(', ')})`;
}
