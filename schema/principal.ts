/** Who asks. Every request carries one into the resolvers, in process as an object, to remote subgraphs in the request. */
export interface Principal {
  /** Stable name of the person or program, such as a user id. Never an e-mail address. */
  readonly subject: string;
  /** Ours are app (a customer), agent, admin and service (a program); another graph may know others. */
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  /** The customer who asks, when the principal is one. */
  readonly customer360Id?: string;
  /** Why data is read, where a policy wants to know. */
  readonly purpose?: string;
  /**
   * Of a customer: the keys of their own records, by cloud, for the operations in which a cloud has to know. A cloud knows
   * nothing of identity; the gateway asks identity and tells it.
   */
  readonly records?: Readonly<Record<string, readonly string[]>>;
}

const STAFF: readonly string[] = ['agent', 'admin', 'service'];

/** True for who may reach their own data only: whoever has none of the roles agent, admin and service. */
export function isConfined({ roles }: Principal): boolean {
  return !roles.some((role) => STAFF.includes(role));
}

/** Whoever asks while authentication is not configured; the server then listens on loopback only. */
export const LOCAL_ADMINISTRATOR: Principal = { subject: 'local-administrator', roles: ['admin'], scopes: [] };
