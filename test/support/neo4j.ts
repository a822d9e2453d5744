import neo4j, { type Driver } from 'neo4j-driver';

/** Where the suite's Neo4j is. */
export interface Neo4jAddress {
  readonly uri: string;
  readonly user: string;
  readonly password: string;
}

/** The Neo4j that the environment names (`npm run neo4j` prints it), null without one. */
export function neo4jAddress(): Neo4jAddress | null {
  const { NEO4J_URI: uri, NEO4J_USER: user = 'neo4j', NEO4J_PASSWORD: password } = process.env;
  return uri && password ? { uri, user, password } : null;
}

/** Whether a suite can run on Neo4j here. */
export function neo4jAvailable(): boolean {
  return neo4jAddress() !== null;
}

/** A driver for the suite's Neo4j; the caller closes it. Throws without one. */
export function openTestNeo4j(): Driver {
  const address = neo4jAddress();
  if (!address) throw new Error('NEO4J_URI and NEO4J_PASSWORD name no Neo4j.');
  return neo4j.driver(address.uri, neo4j.auth.basic(address.user, address.password), { disableLosslessIntegers: true });
}

/** Deletes all nodes, constraints and indexes: there is but one database, so suites that use it take turns. */
export async function wipeNeo4j(driver: Driver): Promise<void> {
  const run = (cypher: string) => driver.executeQuery(cypher, {}, { database: 'neo4j' });
  const session = driver.session({ database: 'neo4j' });
  await session
    .run('MATCH (n) CALL { WITH n DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS')
    .finally(() => session.close());
  const constraints = await run('SHOW CONSTRAINTS YIELD name');
  for (const record of constraints.records) await run(`DROP CONSTRAINT \`${record.get('name')}\` IF EXISTS`);
  const indexes = await run("SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP'");
  for (const record of indexes.records) await run(`DROP INDEX \`${record.get('name')}\` IF EXISTS`);
}
