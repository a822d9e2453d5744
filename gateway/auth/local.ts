import { LOCAL_ADMINISTRATOR } from '../../schema/principal.ts';
import type { Authenticated, Authenticator } from './authenticator.ts';

const LOCAL: Authenticated = {
  principal: LOCAL_ADMINISTRATOR,
  ended: new AbortController().signal,
  release: () => {},
};

/** Takes everybody for the local administrator: for servers that only this machine can reach. */
export const LOCAL_AUTHENTICATOR: Authenticator = { authenticate: async () => LOCAL };
