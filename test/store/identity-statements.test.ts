import * as cypher from '../../subgraphs/identity/store/neo4j-cypher.ts';
import * as sql from '../../subgraphs/identity/store/sql-lookups.ts';

/** What is sent, whole, small enough to be read in a review. */
describe.each([
  ['Cypher', 'customers by ids', cypher.CUSTOMERS_BY_IDS],
  ['Cypher', 'customers by identifiers', cypher.CUSTOMERS_BY_IDENTIFIERS],
  ['Cypher', 'records by identifiers', cypher.RECORDS_BY_IDENTIFIERS],
  ['Cypher', 'customers that a change set names', cypher.AFFECTED_CUSTOMERS],
  ['SQL', 'customers by ids', sql.CUSTOMERS_BY_IDS],
  ['SQL', 'customers by identifiers', sql.CUSTOMERS_BY_IDENTIFIERS],
  ['SQL', 'list of customers', sql.LIST_CUSTOMERS],
])('%s of %s', (_language, _name, text) => {
  it('is as it was reviewed', () => {
    expect(text.split('\n').length).toBeLessThanOrEqual(40);
    expect(text).toMatchSnapshot();
  });
});
