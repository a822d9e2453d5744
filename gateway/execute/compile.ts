import {
  type DocumentNode,
  type ExecutionResult,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLError,
  type GraphQLObjectType,
  Kind,
  type OperationDefinitionNode,
} from 'graphql';
import { BoundedCache } from '../bounded-cache.ts';
import type { OperationPlan } from '../planner/plan.ts';
import { compileRoot } from './completion.ts';
import { conditionVariables, isConditionTrue } from './condition-variables.ts';
import type { Executable, ExecutionContext } from './executable.ts';
import { createIntrospection } from './introspection.ts';
import { isJoint, JointRuns } from './joint-runs.ts';
import { compileMergeShape, copyOf } from './merge.ts';
import { type Completion, Outcome } from './outcome.ts';
import { isRawObject, type RawObject } from './raw-object.ts';
import { isReached } from './reached.ts';
import { compileRootMerge, mergeRoot, type RootMerge, variablesOf } from './root-fetch.ts';
import { type ExecutorParts, Run, type RunOptions } from './run.ts';
import { type ConditionReader, compileStep } from './steps.ts';
import { wellFormed } from './well-formed.ts';

/** An operation with its plan. */
export interface PlannedOperation {
  readonly plan: OperationPlan;
  /** As the client sent it: what the answer looks like. The plan may be for less. */
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** Fields of `document` that the caller has no right to: they are null, and nothing is said beyond `denied`. */
  readonly deniedFields: ReadonlySet<FieldNode>;
  /** Errors that every run has. */
  readonly denied: readonly GraphQLError[];
}

/** Compiled once for each combination of the values of `@skip` and `@include`; so many are kept. */
const COMPLETIONS_CAPACITY = 16;

/** Compiles an operation for its plan. Throws when the plan names a subgraph that there is no way to. */
export function compileOperation(planned: PlannedOperation, parts: ExecutorParts): Executable {
  const { plan, operation, denied } = planned;
  const fragments = fragmentsOf(planned.document);
  const conditions = conditionVariables(operation, fragments);
  const isTrue: ConditionReader = (run, variable) => {
    const known = conditions.find(({ name }) => name === variable) ?? { name: variable, defaultValue: undefined };
    return isConditionTrue(known, run.context.variables);
  };
  const { eventTransports } = parts;
  const stepParts = plan.subscription && eventTransports ? { ...parts, transports: eventTransports } : parts;
  const step = plan.root && compileStep(plan.root, stepParts, isTrue);
  const selected = compileMergeShape([operation.selectionSet], fragments, []);
  const completions = new BoundedCache<Completion>(COMPLETIONS_CAPACITY);
  const subscription = plan.subscription && compileRootMerge(plan.subscription);

  const isJoined = subscription !== undefined && eventTransports !== undefined;
  const joint = isJoined && step && plan.root && isJoint(plan.root) ? new JointRuns(plan.root, step) : undefined;

  const begin = (context: ExecutionContext, options?: RunOptions): Run => {
    const run = new Run(parts, context, options);
    if (denied.length > 0) run.errors.push(...denied);
    return run;
  };
  const outcomeOf = (run: Run): Outcome => new Outcome(run, completionFor(run.context.variables), selected);
  const finish = async (run: Run): Promise<Outcome> => {
    await step?.(run);
    return outcomeOf(run);
  };
  return {
    operationKind: operation.operation,
    execute: (context) => finish(begin(context)),
    upstream(context) {
      if (!subscription) throw new Error('The operation is no subscription.');
      const { subgraph, operation: query, operationName } = subscription.node;
      const variables = variablesOf(subscription.node, begin(context)) ?? {};
      return { subgraph, query, variables, ...(operationName !== undefined && { operationName }) };
    },
    async executeEvent(event, context) {
      if (!subscription) throw new Error('The operation is no subscription.');
      const run = begin(context);
      mergeRoot(run, copyOfEvent(event, subscription), subscription);
      if (!joint) return finish(run);
      if (await joint.join(run)) return outcomeOf(run);
      const alone = begin(context, { deadline: run.deadline });
      mergeRoot(alone, copyOfEvent(event, subscription), subscription);
      return finish(alone);
    },
  };

  function completionFor(variables: Readonly<Record<string, unknown>>): Completion {
    const key = conditions.map((condition) => (isConditionTrue(condition, variables) ? '1' : '0')).join('');
    return completions.getOrMake(key, () => {
      const values = Object.fromEntries(
        conditions.map((condition) => [condition.name, isConditionTrue(condition, variables)]),
      );
      const introspect = createIntrospection(parts.apiSchema, operation, fragments);
      const { apiSchema, types } = parts;
      const { deniedFields } = planned;
      const { selectionSet } = operation;
      const type = rootTypeOf(operation, parts);
      const collecting = { apiSchema, fragments, conditions: values };
      return {
        complete: compileRoot(type, selectionSet, {
          ...collecting,
          fullSchema: types.schema,
          deniedFields,
          introspect,
        }),
        reaches: (path, data) => isReached(path, data, { type, selectionSet }, collecting),
      };
    });
  }
}

/** An event is for every client that follows the operation: each run goes on from a copy. */
function copyOfEvent(event: ExecutionResult, { shape }: RootMerge): ExecutionResult {
  const { data, errors } = wellFormed(event);
  const copy = isRawObject(data) ? (copyOf(data, shape) as RawObject) : null;
  return { data: copy, ...(errors && { errors }) };
}

function rootTypeOf({ operation }: OperationDefinitionNode, { apiSchema }: ExecutorParts): GraphQLObjectType {
  const type = apiSchema.getRootType(operation);
  if (!type) throw new Error(`The schema has no ${operation}.`);
  return type;
}

function fragmentsOf({ definitions }: DocumentNode): ReadonlyMap<string, FragmentDefinitionNode> {
  return new Map(
    definitions.flatMap((definition) =>
      definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition] as const] : [],
    ),
  );
}
