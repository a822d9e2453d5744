import type { Database } from '../../database/database.ts';
import type { MappingDocument } from '../../mapping/document.ts';
import { readDocument } from '../../mapping/load.ts';

/** A statement as it was sent. */
export interface SentStatement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** The database, with a list of what is sent to it by `query`. */
export function recorded(database: Database): { database: Database; sent: SentStatement[] } {
  const sent: SentStatement[] = [];
  const recording: Database = {
    engine: database.engine,
    query: (text, values = []) => {
      sent.push({ text, values });
      return database.query(text, values);
    },
    transaction: (work) => database.transaction(work),
    script: (text) => database.script(text),
    listen: (channel, onNotify) => database.listen(channel, onNotify),
    close: () => database.close(),
  };
  return { database: recording, sent };
}

/** The plan of a statement, line by line. */
export async function explain(database: Database, { text, values }: SentStatement): Promise<string> {
  const rows = await database.query<{ 'QUERY PLAN': string }>(`EXPLAIN (COSTS OFF) ${text}`, values);
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}

/** A system in which everything is unlike ours: names in any case, keys of one type held in columns of another. */
export const ODD_TABLES = `
CREATE SCHEMA odd;
CREATE TYPE odd.tier AS ENUM ('gold', 'silver');
CREATE DOMAIN odd.title AS varchar(80);
CREATE TABLE odd."Cli""ent" (
  "Nr" integer PRIMARY KEY, "Full Name" odd.title, "Data" jsonb, "Mail" varchar(80), "Fon" text, born text, changed timestamp,
  kind char(3));
CREATE TABLE odd.sale (
  no bigint PRIMARY KEY, client text NOT NULL, at timestamptz NOT NULL, st text, amount numeric(12,3) NOT NULL, cur char(3));
CREATE INDEX sale_of_client ON odd.sale (client, at DESC, no DESC);
CREATE TABLE odd.sale_row (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), sale text NOT NULL, art integer, qty numeric NOT NULL,
  price double precision NOT NULL);
CREATE INDEX row_of_sale ON odd.sale_row (sale);
CREATE TABLE odd."group" (id smallint PRIMARY KEY, label text);
CREATE TABLE odd.article (id text PRIMARY KEY, name text, "group" text);
CREATE TABLE odd.campaign (id integer PRIMARY KEY, title text NOT NULL, stage text, starts timestamptz);
CREATE TABLE odd.card (id uuid PRIMARY KEY, client integer NOT NULL, tier odd.tier, points bigint NOT NULL, since date);
CREATE TABLE odd.ticket (
  id numeric(20,0) PRIMARY KEY, client integer NOT NULL, prio text, state text, opened timestamp NOT NULL, note text);
CREATE TABLE odd.note (id integer PRIMARY KEY, ticket text NOT NULL, body text, shown text, at timestamp NOT NULL);
`;

const column = (name: string, ...transforms: object[]) =>
  transforms.length > 0 ? { column: name, transforms } : { column: name };
const values = (map: Record<string, unknown>, otherwise?: unknown) => ({
  kind: 'values',
  map,
  ...(otherwise === undefined ? {} : { otherwise }),
});
const money = (amount: object) => ({ amount, currencyCode: column('cur', { kind: 'trim' }) });
const euros = (amount: object) => ({ amount, currencyCode: { constant: 'EUR' } });

/** What those tables mean. */
export const ODD_DOCUMENT: MappingDocument = readDocument(
  {
    cloud: 'odd',
    defaultCountry: 'DE',
    changes: { kind: 'poll', everyMs: 1000 },
    objects: {
      SourceProfile: {
        table: 'odd.Cli"ent',
        key: 'Nr',
        objectName: column('kind', values({ prs: 'person' })),
        fields: {
          salutation: column('Full Name', { kind: 'splitName', part: 'salutation' }),
          firstName: column('Full Name', { kind: 'splitName', part: 'firstName' }),
          lastName: column('Full Name', { kind: 'splitName', part: 'lastName' }),
          fullName: column('Full Name', { kind: 'trim' }),
          birthDate: column('born', { kind: 'date', format: 'DD.MM.YYYY' }),
          lastModifiedDate: column('changed'),
          contactPointEmails: [
            { emailAddress: column('Mail', { kind: 'trim' }) },
            { emailAddress: { column: 'Data', path: ['mails', '0'] } },
          ],
          contactPointPhones: [
            {
              telephoneNumber: column('Fon'),
              formattedE164PhoneNumber: column('Fon', {
                kind: 'phone',
                countryColumn: 'Data',
                countryPath: ['Home "Country"'],
              }),
            },
          ],
          contactPointAddresses: [
            {
              addressLine1: {
                concatenate: {
                  separator: ' ',
                  values: [
                    { column: 'Data', path: ['street'] },
                    { column: 'Data', path: ['house'] },
                  ],
                },
              },
              countryName: { column: 'Data', path: ['Home "Country"'] },
            },
          ],
        },
      },
      SalesOrder: {
        table: 'odd.sale',
        key: 'no',
        fields: {
          customerNumber: column('client'),
          orderedDate: column('at'),
          salesOrderStatus: column(
            'st',
            { kind: 'trim' },
            { kind: 'lowercase' },
            values({ new: 'PENDING', gone: 'SHIPPED', "it's here": 'DELIVERED' }, 'PROCESSING'),
          ),
          grandTotalAmount: money(column('amount')),
        },
      },
      SalesOrderProduct: {
        table: 'odd.sale_row',
        key: 'id',
        fields: {
          orderNumber: column('sale'),
          productId: column('art'),
          orderedQuantity: column('qty'),
          unitPriceAmount: euros(column('price')),
          totalLineAmount: euros(column('price', { kind: 'multiply', column: 'qty' })),
        },
      },
      Product: {
        table: 'odd.article',
        key: 'id',
        joins: [{ table: 'odd.group', as: 'g', column: 'group', key: 'id' }],
        fields: { productName: column('name'), primaryProductCategory: column('g.label') },
      },
      Campaign: {
        table: 'odd.campaign',
        key: 'id',
        fields: {
          name: column('title'),
          status: column('stage', values({ plan: 'PLANNED', run: 'IN_PROGRESS' })),
          engagementChannelType: { constant: 'EMAIL' },
          startDate: column('starts'),
        },
      },
      LoyaltyProgramMember: {
        table: 'odd.card',
        key: 'id',
        fields: {
          customerNumber: column('client'),
          loyaltyProgramName: { constant: 'Odd' },
          membershipNumber: column('id'),
          loyaltyTierName: column('tier', { kind: 'uppercase' }),
          pointsBalance: column('points'),
          enrollmentDate: column('since'),
        },
      },
      Case: {
        table: 'odd.ticket',
        key: 'id',
        fields: {
          caseNumber: column('id'),
          contactId: column('client'),
          subject: column('note'),
          status: column('state', values({ open: 'NEW', shut: 'CLOSED' })),
          priority: column('prio', values({ a: 'LOW', b: 'CRITICAL', c: 'HIGH', d: 'MEDIUM' })),
          caseOrigin: { constant: 'WEB' },
          createdDate: column('opened'),
        },
      },
      CaseUpdate: {
        table: 'odd.note',
        key: 'id',
        fields: {
          caseId: column('ticket'),
          commentBody: column('body'),
          isPublished: column('shown', values({ y: true }, false)),
          createdDate: column('at'),
        },
      },
    },
  },
  'odd',
).document;
