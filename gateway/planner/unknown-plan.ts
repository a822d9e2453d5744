/** The Rust planner gave a plan that is not to be run: something in it is not known here, or known to be wrong. */
export class UnknownPlan extends Error {
  constructor(what: string) {
    super(`The plan holds ${what}.`);
    this.name = 'UnknownPlan';
  }
}
