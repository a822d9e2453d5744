/** Header in which a subgraph is told who asks: the principal as JSON in base64url. */
export const PRINCIPAL_HEADER = 'c360-principal';

/** Header in which a subgraph is told how many milliseconds its answer is still waited for. */
export const DEADLINE_HEADER = 'c360-deadline-ms';

/** Header in which the caller of a subgraph proves that it holds the shared key. */
export const SIGNATURE_HEADER = 'c360-signature';
