/** Milliseconds that all processes of the machine count alike. */
export function machineClock(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
