import {
  type Context,
  context,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';

/** A span that is recorded, and the context in which what happens inside it runs. */
export interface RecordedSpan {
  readonly span: Span;
  readonly context: Context;
}

const TRACEPARENT = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?:-[\da-z-]*)?$/;

/** Spans of one gateway. Without an SDK that records, the only work left is a look at whether there is one. */
export class Tracing {
  readonly #tracer: Tracer;

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  /** Begins a request's span under the caller's trace context. Undefined when it isn't recorded; the context is forwarded all the same. */
  beginRequest(traceparent: string | undefined): {
    recorded: RecordedSpan | undefined;
    traceparent: string | undefined;
  } {
    const parent = contextOf(traceparent) ?? context.active();
    const span = this.#tracer.startSpan('request', { kind: SpanKind.SERVER }, parent);
    const recorded = span.isRecording() ? { span, context: trace.setSpan(parent, span) } : undefined;
    return { recorded, traceparent: traceparentOf(span) ?? wellFormed(traceparent) };
  }

  /** Begins a span inside another one. */
  begin(name: string, parent: RecordedSpan, kind: SpanKind = SpanKind.INTERNAL): RecordedSpan {
    const span = this.#tracer.startSpan(name, { kind }, parent.context);
    return { span, context: trace.setSpan(parent.context, span) };
  }
}

/** Runs work as a part of a span, so that spans that others begin in it are its children. */
export function inside<T>({ context: inner }: RecordedSpan, work: () => T): T {
  return context.with(inner, work);
}

/** Ends a span that went wrong when a code is given. */
export function endSpan({ span }: RecordedSpan, failure?: string): void {
  if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
  span.end();
}

/** A span as the header `traceparent` names it; undefined when it belongs to no trace. */
export function traceparentOf(span: Span): string | undefined {
  const of = span.spanContext();
  if (!isSpanContextValid(of)) return undefined;
  return `00-${of.traceId}-${of.spanId}-${of.traceFlags.toString(16).padStart(2, '0')}`;
}

function contextOf(traceparent: string | undefined): Context | undefined {
  const [, traceId, spanId, flags] = (traceparent !== undefined && TRACEPARENT.exec(traceparent)) || [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  const parent = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  return isSpanContextValid(parent) ? trace.setSpanContext(ROOT_CONTEXT, parent) : undefined;
}

/** What a client sends goes on to others, so only what has the form of a trace context does. */
function wellFormed(traceparent: string | undefined): string | undefined {
  return traceparent !== undefined && TRACEPARENT.test(traceparent) ? traceparent : undefined;
}
