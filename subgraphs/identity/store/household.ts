/** People who live together, as far as shared surname, address and telephone tell. */
export interface StoredHousehold {
  /** `hh_` and a ULID in lower case. */
  readonly householdId: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** Customers, by id; ids that were merged away are followed to their survivor. */
  readonly customer360Ids: readonly string[];
}

/** Reads households. */
export interface HouseholdStore {
  /** Households by id; unknown ones are left out. Up to 1,000. */
  byIds(householdIds: readonly string[]): Promise<Map<string, StoredHousehold>>;
  /** The household of each customer, by the id asked for. Up to 1,000. */
  ofCustomers(customer360Ids: readonly string[]): Promise<Map<string, StoredHousehold>>;
}
