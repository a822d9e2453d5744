/** Tells the time, milliseconds since 1970 UTC. Passed in everywhere, so that tests decide what time it is. */
export type Clock = () => number;
