import * as cypher from '../../subgraphs/identity/store/neo4j-cypher.ts';
import * as decided from '../../subgraphs/identity/store/neo4j-decided-cypher.ts';
import * as cypherErasure from '../../subgraphs/identity/store/neo4j-erasure.ts';
import * as cypherHistory from '../../subgraphs/identity/store/neo4j-history.ts';
import * as sqlErasure from '../../subgraphs/identity/store/sql-erasure.ts';
import * as sqlHistory from '../../subgraphs/identity/store/sql-history.ts';
import * as sql from '../../subgraphs/identity/store/sql-lookups.ts';

/** What is sent, whole, small enough to be read in a review. */
describe.each([
  ['Cypher', 'customers by ids', cypher.CUSTOMERS_BY_IDS],
  ['Cypher', 'customers by identifiers', cypher.CUSTOMERS_BY_IDENTIFIERS],
  ['Cypher', 'records by identifiers', cypher.RECORDS_BY_IDENTIFIERS],
  ['Cypher', 'customers that a change set names', cypher.AFFECTED_CUSTOMERS],
  ['Cypher', 'new links', cypher.INSERT_RECORDS],
  ['Cypher', 'new merges', cypher.RECORD_MERGES],
  ['Cypher', 'records kept apart', decided.ADD_NOT_SAME],
  ['Cypher', 'records pinned', decided.ADD_PINS],
  ['Cypher', 'decisions in pages', decided.LIST_DECISIONS],
  ['Cypher', 'the queue of reviews', decided.LIST_REVIEWS],
  ['Cypher', 'households of customers', decided.HOUSEHOLDS_OF_CUSTOMERS],
  ['Cypher', 'customers of the past', cypherHistory.TREE_AT],
  ['Cypher', 'links of the past', cypherHistory.LINKS_AT],
  ['Cypher', 'the proof of an erasure', cypherErasure.ERASURE_PROOF],
  ['SQL', 'customers by ids', sql.CUSTOMERS_BY_IDS],
  ['SQL', 'customers by identifiers', sql.CUSTOMERS_BY_IDENTIFIERS],
  ['SQL', 'list of customers', sql.LIST_CUSTOMERS],
  ['SQL', 'features in pages', sql.LIST_FEATURES],
  ['SQL', 'customers of the past', sqlHistory.TREE_AT],
  ['SQL', 'links of the past', sqlHistory.LINKS_AT],
  ['SQL', 'the proof of an erasure', sqlErasure.ERASURE_PROOF],
])('%s of %s', (_language, _name, text) => {
  it('is as it was reviewed', () => {
    expect(text.split('\n').length).toBeLessThanOrEqual(40);
    expect(text).toMatchSnapshot();
  });
});
