/** Loads the engine. Here and not at the top of a file: a process on PostgreSQL servers never pays for it. */
export function loadPglite() {
  return import('@electric-sql/pglite');
}

type Module = Awaited<ReturnType<typeof loadPglite>>;
type Messages = Module['messages'];

/** The engine's class. */
export type PgliteClass = Module['PGlite'];
/** A running engine. */
export type Pglite = InstanceType<PgliteClass>;
/** Writes messages of PostgreSQL's protocol. */
export type Serialize = Module['protocol']['serialize'];
/** A message of the engine that says something to the operator. */
export type Notice = InstanceType<Messages['NoticeMessage']>;
/** The columns of the rows that follow. */
export type RowDescription = InstanceType<Messages['RowDescriptionMessage']>;
/** A row, its values as text. */
export type DataRow = InstanceType<Messages['DataRowMessage']>;
/** The end of a statement, with its command such as `COMMIT`. */
export type CommandComplete = InstanceType<Messages['CommandCompleteMessage']>;
/** Any message of the engine; `name` tells which. */
export type BackendMessage = Awaited<ReturnType<Pglite['execProtocolStream']>>[number];
