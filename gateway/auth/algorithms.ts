/** Algorithms with a public key; others are never accepted. */
export const ASYMMETRIC_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;

/** One of them. */
export type Algorithm = (typeof ASYMMETRIC_ALGORITHMS)[number];
