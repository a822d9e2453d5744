import type { Database } from '../../database/database.ts';

/** Something of a person that events are written about. */
export interface Target {
  readonly customer360Id: string;
  readonly cloud: 'commerce' | 'marketing' | 'service';
  readonly sourceRecordId: string;
}

/** Gives the store of a cloud. */
export type StoreOf = (cloud: Target['cloud']) => Promise<Database>;

const PAGE = `query ($after: String) { customers(first: 100, after: $after) {
  edges { node { customer360Id identityLinks { dataSourceId sourceRecordId } } } pageInfo { endCursor hasNextPage } } }`;

interface CustomersPage {
  readonly edges: readonly {
    readonly node: {
      readonly customer360Id: string;
      readonly identityLinks: readonly { readonly dataSourceId: string; readonly sourceRecordId: string }[];
    };
  }[];
  readonly pageInfo: { readonly endCursor: string | null; readonly hasNextPage: boolean };
}

/** So many people of a running graph, each with one of their records in turn. */
export async function listTargets(origin: string, count: number): Promise<Target[]> {
  const targets: Target[] = [];
  let after: string | null = null;
  while (targets.length < count) {
    const { edges, pageInfo }: CustomersPage = await askPage(origin, after);
    for (const { node } of edges) {
      const link = node.identityLinks[targets.length % node.identityLinks.length];
      if (!link || targets.length === count) continue;
      const cloud = link.dataSourceId as Target['cloud'];
      targets.push({ customer360Id: node.customer360Id, cloud, sourceRecordId: link.sourceRecordId });
    }
    after = pageInfo.endCursor;
    if (!pageInfo.hasNextPage) break;
  }
  if (targets.length < count) throw new Error(`There are only ${targets.length} people.`);
  return targets;
}

async function askPage(origin: string, after: string | null): Promise<CustomersPage> {
  const response = await fetch(`${origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: PAGE, variables: { after } }),
  });
  const answer = (await response.json()) as { readonly data?: { readonly customers: CustomersPage | null } | null };
  if (!answer.data?.customers) throw new Error(JSON.stringify(answer));
  return answer.data.customers;
}

/** Gives every target in commerce a cart and every one in service a case, so that there is something to change. */
export async function furnish(targets: readonly Target[], storeOf: StoreOf): Promise<void> {
  const idsOf = (cloud: Target['cloud']): string[] =>
    targets.filter((target) => target.cloud === cloud).map(({ sourceRecordId }) => sourceRecordId);
  const commerce = await storeOf('commerce');
  await commerce.query(
    `INSERT INTO commerce.cart (cart_id, customer_no, state, currency, created_at, touched_at)
     SELECT 'bench_' || id, id, 'open', 'EUR', now(), now() FROM unnest($1::text[]) AS id`,
    [idsOf('commerce')],
  );
  const service = await storeOf('service');
  await service.query(
    `INSERT INTO service.ticket (ticket_id, ticket_no, contact_id, topic, state, urgency, channel, opened)
     SELECT 'bench_' || id, 'B-' || id, id, 'bench', 1, 3, 'web', now() FROM unnest($1::text[]) AS id`,
    [idsOf('service')],
  );
}

const WRITES: Readonly<Record<Target['cloud'], string>> = {
  commerce: `UPDATE commerce.cart SET touched_at = clock_timestamp(), total_cents = total_cents + 1 WHERE cart_id = 'bench_' || $1`,
  service: `UPDATE service.ticket SET urgency = 1 + urgency % 4 WHERE ticket_id = 'bench_' || $1`,
  marketing: `INSERT INTO marketing.email_event (event_id, subscriber_key, kind, happened_on)
    VALUES (gen_random_uuid()::text, $1, 'open', now())`,
};

/** One transaction of a cloud's own system that changes something of the person: one event. */
export async function change({ cloud, sourceRecordId }: Target, storeOf: StoreOf): Promise<void> {
  const store = await storeOf(cloud);
  await store.query(WRITES[cloud], [sourceRecordId]);
}
