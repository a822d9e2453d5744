const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import:
  ["@key", "@external", "@requires", "@shareable", "@interfaceObject", "@provides", "@inaccessible"])`;

/** The subgraphs' SDL. Each way in which federation lets subgraphs share a type is in one of them. */
export const HARBOUR_SDL = {
  fleet: `${LINK}
    interface Vessel @key(fields: "id") { id: ID! name: String tonnage: Int home: Port }
    type Freighter implements Vessel @key(fields: "id") { id: ID! name: String tonnage: Int home: Port containers: Int }
    type Ferry implements Vessel @key(fields: "id") { id: ID! name: String tonnage: Int home: Port seats: Int! }
    type Port @key(fields: "id", resolvable: false) { id: ID! }
    union Find = Freighter | Ferry | Port
    enum Kind { FREIGHTER FERRY }
    input VesselFilter { kind: Kind minTonnage: Int ids: [ID!] }
    type Query {
      vessels(filter: VesselFilter, first: Int = 10): [Vessel!]!
      vessel(id: ID!): Vessel
      finds(text: String): [Find]
    }
    type Mutation { renameVessel(id: ID!, name: String): Vessel }`,
  harbours: `${LINK}
    enum Unit { METRE FOOT }
    type Berth { number: Int! isFree: Boolean }
    type Port @key(fields: "id") @key(fields: "code") {
      id: ID! code: String! name: String depth(unit: Unit = METRE): Float berths: [Berth!] freighters: [Freighter]
    }
    type Freighter @key(fields: "id", resolvable: false) { id: ID! }
    type Calendar { year: Int @shareable season: String }
    type Query { ports(codes: [String!]): [Port] port(id: ID!): Port calendar: Calendar @shareable }
    type Mutation { dredge(id: ID!, by: Float = 1.5): Port }`,
  crews: `${LINK}
    enum Rank { MATE MASTER }
    type Vessel @key(fields: "id") @interfaceObject { id: ID! crew(first: Int): [Sailor!] captain: Sailor }
    type Sailor @key(fields: "id") { id: ID! name: String! rank: Rank vessel: Vessel mentor: Sailor }
    type Query { sailors(rank: Rank): [Sailor!] sailor(id: ID!): Sailor }
    type Mutation { promote(id: ID!, rank: Rank): Sailor }`,
  ratings: `${LINK}
    type Review { stars: Int! text: String }
    type Freighter @key(fields: "id") {
      id: ID! score: Int reviews(first: Int): [Review!] toll: Int @external surcharge: Int @requires(fields: "toll")
    }
    type Ferry @key(fields: "id") { id: ID! score: Int reviews(first: Int): [Review!] }
    type Sailor @key(fields: "id") { id: ID! name: String! @external greeting: String @requires(fields: "name") }
    type Calendar { year: Int @shareable holidays: [String!] }
    type Query { best: [Freighter!] calendar: Calendar @shareable }`,
  tolls: `${LINK}
    enum Unit { METRE FOOT }
    type Freighter @key(fields: "id") {
      id: ID! tonnage: Int @external containers: Int @external toll: Int @requires(fields: "tonnage containers")
    }
    type Port @key(fields: "code") {
      code: String! depth(unit: Unit = METRE): Float @external duty(rate: Float = 2): Float @requires(fields: "depth(unit: FOOT)")
    }
    type Query { cheapest: Port }`,
} as const;

/** The same graph without any federation: what graphql-js answers over it is the truth. */
export const MONOLITH_SDL = `
  interface Vessel { id: ID! name: String tonnage: Int home: Port crew(first: Int): [Sailor!] captain: Sailor }
  type Freighter implements Vessel { id: ID! name: String tonnage: Int home: Port crew(first: Int): [Sailor!] captain: Sailor
    containers: Int score: Int reviews(first: Int): [Review!] surcharge: Int toll: Int }
  type Ferry implements Vessel { id: ID! name: String tonnage: Int home: Port crew(first: Int): [Sailor!] captain: Sailor
    seats: Int! score: Int reviews(first: Int): [Review!] }
  union Find = Freighter | Ferry | Port
  enum Kind { FREIGHTER FERRY }
  enum Unit { METRE FOOT }
  enum Rank { MATE MASTER }
  input VesselFilter { kind: Kind minTonnage: Int ids: [ID!] }
  type Port { id: ID! code: String! name: String depth(unit: Unit = METRE): Float berths: [Berth!] freighters: [Freighter]
    duty(rate: Float = 2): Float }
  type Berth { number: Int! isFree: Boolean }
  type Review { stars: Int! text: String }
  type Sailor { id: ID! name: String! rank: Rank vessel: Vessel mentor: Sailor greeting: String }
  type Calendar { year: Int season: String holidays: [String!] }
  type Query {
    vessels(filter: VesselFilter, first: Int = 10): [Vessel!]! vessel(id: ID!): Vessel finds(text: String): [Find]
    ports(codes: [String!]): [Port] port(id: ID!): Port calendar: Calendar
    sailors(rank: Rank): [Sailor!] sailor(id: ID!): Sailor best: [Freighter!] cheapest: Port
  }
  type Mutation { renameVessel(id: ID!, name: String): Vessel dredge(id: ID!, by: Float = 1.5): Port
    promote(id: ID!, rank: Rank): Sailor }`;
