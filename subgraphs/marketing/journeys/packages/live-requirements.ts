import type { ExecutionResult } from 'graphql';
import type { UnifiedGraph } from '../../../../schema/unified-graph.ts';
import type { JourneyDefinition } from '../definition.ts';
import { met, type Requirement, unmet } from './requirement.ts';

/** How long a cloud is waited for until it counts as not answering, milliseconds. */
const PATIENCE_MS = 5_000;

const EVENTS = {
  commerce: 'subscription PackageNeedsCommerceEvents { commerceEvents { cursor } }',
  service: 'subscription PackageNeedsServiceEvents { serviceEvents { cursor } }',
} as const;

/** For nobody and with no time left: it can't be granted, and whoever can't grant at all says so first. */
const GRANT = `mutation PackageNeedsDiscounts($until: DateTime!) {
  grantDiscountCode(input: { idempotencyKey: "package-needs-discounts", customerNumber: "-", discountPercent: 1, expirationDate: $until }) {
    discountCode { code }
  }
}`;

const CASE_TYPES = `query PackageNeedsCaseTypes {
  caseQueue(first: 50, filter: { statuses: [NEW, WORKING, WAITING_ON_CUSTOMER, ESCALATED, CLOSED] }, orderBy: NEWEST) {
    edges { node { caseType } }
  }
}`;

/** What a journey needs of the other clouds, asked live. Nothing is changed by asking. */
export async function journeyRequirements(graph: UnifiedGraph, definition: JourneyDefinition): Promise<Requirement[]> {
  const checks: Promise<Requirement>[] = [];
  if (definition.entry.kind === 'CASE_CLOSED') checks.push(eventsOf(graph, 'service'));
  // An order takes everybody out, whatever they entered by.
  checks.push(eventsOf(graph, 'commerce'), caseTypes(graph));
  if (definition.steps.some((step) => step.kind === 'MESSAGE' && step.discount)) checks.push(discounts(graph));
  return Promise.all(checks);
}

/** Whether the graph can answer an operation, by asking it of a customer that there is not. */
export async function operationRequirement(graph: UnifiedGraph, name: string, query: string): Promise<Requirement> {
  const requirement = `The graph can answer the operation ${name}.`;
  const nobody = `c360_${'0'.repeat(26)}`;
  const answer = await answerOf(graph, query, { customer360Id: nobody });
  const errors = answer?.errors ?? [];
  if (answer && errors.length === 0) return met(requirement);
  return unmet(requirement, `It says: ${errors[0]?.message ?? 'nothing in time.'}`);
}

async function eventsOf(graph: UnifiedGraph, cloud: keyof typeof EVENTS): Promise<Requirement> {
  const requirement = `${nameOf(cloud)} tells what happens in it.`;
  const first = await firstOf(graph, EVENTS[cloud]);
  if (first?.data && !first.errors) return met(requirement);
  return unmet(requirement, remedyFor(cloud, first));
}

async function discounts(graph: UnifiedGraph): Promise<Requirement> {
  const requirement = 'Commerce grants discount codes.';
  const answer = await answerOf(graph, GRANT, { until: '1970-01-01T00:00:00Z' });
  const code = codeOf(answer);
  if (code === 'NOT_FOUND' || code === 'BAD_USER_INPUT' || code === 'CONFLICT') return met(requirement);
  if (code === 'NOT_SUPPORTED_BY_CLOUD') {
    return unmet(
      requirement,
      'The shop is read only here: set the discount to 0, so that the message goes without a code.',
    );
  }
  return unmet(requirement, remedyFor('commerce', answer));
}

async function caseTypes(graph: UnifiedGraph): Promise<Requirement> {
  const requirement = 'Service says which cases are complaints, so that marketing is held while one is open.';
  const answer = await answerOf(graph, CASE_TYPES, {});
  const edges = (answer?.data?.['caseQueue'] as { edges?: readonly { node: { caseType: unknown } }[] } | null)?.edges;
  if (!edges) return unmet(requirement, remedyFor('service', answer));
  if (edges.length === 0 || edges.some(({ node }) => node.caseType !== null)) return met(requirement);
  return unmet(requirement, 'None of the latest cases has a kind: map `caseType` in the mapping document of service.');
}

function remedyFor(cloud: string, answer: ExecutionResult | null): string {
  const code = codeOf(answer);
  if (code === 'NOT_SUPPORTED_BY_CLOUD') {
    return `${nameOf(cloud)} is read through a mapping that does not have it: see docs/mapping.md.`;
  }
  return `${nameOf(cloud)} did not answer${code === undefined ? '' : ` (${code})`}: look at /health/ready and ask again.`;
}

function nameOf(cloud: string): string {
  return cloud.charAt(0).toUpperCase() + cloud.slice(1);
}

function codeOf(answer: ExecutionResult | null): string | undefined {
  const code = answer?.errors?.[0]?.extensions?.['code'];
  return typeof code === 'string' ? code : undefined;
}

async function answerOf(
  graph: UnifiedGraph,
  query: string,
  variables: Readonly<Record<string, unknown>>,
): Promise<ExecutionResult | null> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  return graph.execute({ query, variables, signal }).catch(() => null);
}

/** The first event of a subscription: one comes at once, to tell that the past is told. */
async function firstOf(graph: UnifiedGraph, query: string): Promise<ExecutionResult | null> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  try {
    for await (const event of graph.subscribe({ query, signal })) return event;
  } catch {
    // A broken way is no answer.
  }
  return null;
}
