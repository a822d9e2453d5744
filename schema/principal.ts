/** Who asks. Every request carries one into the resolvers, in process as an object, to remote subgraphs in the request. */
export interface Principal {
  /** Stable name of the person or program, such as a user id. Never an e-mail address. */
  readonly subject: string;
  readonly roles: readonly ('app' | 'agent' | 'admin' | 'service')[];
  readonly scopes: readonly string[];
  /** The customer who asks, when the principal is one. */
  readonly customer360Id?: string;
  /** Why data is read, where a policy wants to know. */
  readonly purpose?: string;
}

/** Whoever asks while authentication is not configured; the server then listens on loopback only. */
export const LOCAL_ADMINISTRATOR: Principal = { subject: 'local-administrator', roles: ['admin'], scopes: [] };
