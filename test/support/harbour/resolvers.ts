import type { HarbourData, PortRecord, SailorRecord, VesselRecord } from './data.ts';

/** Resolvers by type and field; `__resolveReference` and `__resolveType` where a subgraph needs them. */
export type HarbourResolvers = Record<string, Record<string, unknown>>;

type Fields = Record<string, unknown>;
type Root = { readonly data: () => HarbourData };

const FEET = 3.25;

/** Resolvers of the monolith: complete records are the sources of all fields. */
export function monolithResolvers(parts: Root): HarbourResolvers {
  const find = finders(parts);
  const vessel = {
    home: ({ homeId }: VesselRecord) => find.port(homeId),
    ...crewFields(find),
    captain: ({ captainId }: VesselRecord) => find.sailor(captainId),
    reviews,
  };
  return {
    Vessel: { __resolveType: ({ kind }: VesselRecord) => kind },
    Find: { __resolveType: (one: Partial<VesselRecord>) => one.kind ?? 'Port' },
    Freighter: { ...vessel, toll, surcharge: (one: VesselRecord) => surcharge({ toll: toll(one) }) },
    Ferry: vessel,
    Port: {
      depth,
      berths,
      freighters: ({ freighterIds }: PortRecord) => freighterIds.map((id) => find.vessel(id)),
      duty: (port: PortRecord, args: DutyArguments) => duty({ depth: depth(port, { unit: 'FOOT' }) }, args),
    },
    Sailor: {
      vessel: ({ vesselId }: SailorRecord) => find.vessel(vesselId),
      mentor: ({ mentorId }: SailorRecord) => find.sailor(mentorId),
      greeting,
    },
    Query: {
      ...fleetQueries(parts),
      ...harbourQueries(parts),
      ...crewQueries(parts),
      ...otherQueries(parts),
      calendar: () => CALENDAR,
    },
    Mutation: { ...fleetMutations(find), ...harbourMutations(find), ...crewMutations(find) },
  };
}

/** Resolvers of each subgraph: what a subgraph does not own, its sources do not have. */
export function subgraphResolvers(
  parts: Root,
): Record<'fleet' | 'harbours' | 'crews' | 'ratings' | 'tolls', HarbourResolvers> {
  const find = finders(parts);
  const withKind = (id: string): Fields | null => (find.vessel(id) ? { __typename: find.vessel(id)?.kind, id } : null);
  const home = ({ homeId }: VesselRecord): Fields | null =>
    homeId === null ? null : { __typename: 'Port', id: homeId };
  const vesselOfFleet = { home, __resolveReference: ({ id }: { id: string }) => find.vessel(id) };
  const rated = {
    __resolveReference: (one: Fields & { id: string }) => {
      const known = find.vessel(one.id);
      return known && { ...one, score: known.score, reviews: known.reviews };
    },
    reviews,
  };
  return {
    fleet: {
      Vessel: {
        __resolveType: ({ kind }: VesselRecord) => kind,
        __resolveReference: ({ id }: { id: string }) => find.vessel(id),
      },
      Find: { __resolveType: (one: Partial<VesselRecord>) => one.kind ?? 'Port' },
      Freighter: vesselOfFleet,
      Ferry: vesselOfFleet,
      Query: {
        ...fleetQueries(parts),
        finds: (root: unknown, args: { text?: string | null }) =>
          fleetQueries(parts)
            .finds(root, args)
            .map((one) => ('kind' in one ? one : { __typename: 'Port', id: one.id })),
      },
      Mutation: fleetMutations(find),
    },
    harbours: {
      Port: {
        __resolveReference: ({ id, code }: { id?: string; code?: string }) =>
          parts.data().ports.find((port) => (id === undefined ? port.code === code : port.id === id)) ?? null,
        depth,
        berths,
        freighters: ({ freighterIds }: PortRecord) => freighterIds.map((id) => (id === null ? null : withKind(id))),
      },
      Query: { ...harbourQueries(parts), calendar: () => ({ year: CALENDAR.year, season: CALENDAR.season }) },
      Mutation: harbourMutations(find),
    },
    crews: {
      Vessel: {
        ...crewFields(find),
        captain: ({ id }: VesselRecord) => find.sailor(find.vessel(id)?.captainId),
        __resolveReference: ({ id }: { id: string }) => (find.vessel(id) ? { __typename: 'Vessel', id } : null),
      },
      Sailor: {
        __resolveReference: ({ id }: { id: string }) => find.sailor(id),
        vessel: ({ vesselId }: SailorRecord) => (vesselId === null ? null : { __typename: 'Vessel', id: vesselId }),
        mentor: ({ mentorId }: SailorRecord) => find.sailor(mentorId),
      },
      Query: crewQueries(parts),
      Mutation: crewMutations(find),
    },
    ratings: {
      Freighter: { ...rated, surcharge },
      Ferry: rated,
      Sailor: { greeting, __resolveReference: (one: Fields) => one },
      Query: {
        best: () =>
          otherQueries(parts)
            .best()
            .map(({ id, score, reviews: all }) => ({ id, score, reviews: all })),
        calendar: () => ({ year: CALENDAR.year, holidays: CALENDAR.holidays }),
      },
    },
    tolls: {
      Freighter: { toll, __resolveReference: (one: Fields) => one },
      Port: { duty, __resolveReference: (one: Fields) => one },
      Query: {
        cheapest() {
          const port = otherQueries(parts).cheapest();
          return port && { code: port.code };
        },
      },
    },
  };
}

type Finders = ReturnType<typeof finders>;

function finders({ data }: Root) {
  return {
    vessel: (id: string | null | undefined) => data().vessels.find((one) => one.id === id) ?? null,
    port: (id: string | null | undefined) => data().ports.find((one) => one.id === id) ?? null,
    sailor: (id: string | null | undefined) => data().sailors.find((one) => one.id === id) ?? null,
  };
}

const CALENDAR = { year: 2026, season: 'high', holidays: ['May 1', 'June 20'] } as const;

interface DutyArguments {
  readonly rate?: number | null;
}

function toll({ tonnage, containers }: { tonnage?: number | null; containers?: number | null }): number | null {
  return tonnage == null || containers == null ? null : tonnage + 10 * containers;
}

function surcharge({ toll: amount }: { toll?: number | null }): number | null {
  return amount == null ? null : amount + 1;
}

function greeting({ name }: { name?: string }): string {
  return `Ahoy, ${name}`;
}

function depth(port: { depth: number | null }, { unit }: { unit?: 'METRE' | 'FOOT' | null }): number | null {
  return port.depth === null ? null : port.depth * (unit === 'FOOT' ? FEET : 1);
}

function duty({ depth: feet }: { depth?: number | null }, { rate }: DutyArguments): number | null {
  return feet == null ? null : feet * (rate ?? 1);
}

function berths({ isStormy, berths: all }: PortRecord): PortRecord['berths'] {
  if (isStormy) throw new Error('A storm is over the port.');
  return all;
}

function reviews(
  { reviews: all }: Pick<VesselRecord, 'reviews'>,
  { first }: { first?: number | null },
): VesselRecord['reviews'] {
  return all?.slice(0, first ?? undefined) ?? null;
}

function crewFields(find: Finders) {
  return {
    crew: ({ id }: { id: string }, { first }: { first?: number | null }) =>
      find
        .vessel(id)
        ?.crewIds.slice(0, first ?? undefined)
        .map((one) => find.sailor(one)) ?? null,
  };
}

interface VesselFilter {
  readonly kind?: 'FREIGHTER' | 'FERRY' | null;
  readonly minTonnage?: number | null;
  readonly ids?: readonly string[] | null;
}

function fleetQueries({ data }: Root) {
  return {
    vessels: (_: unknown, { filter, first }: { filter?: VesselFilter | null; first?: number | null }): VesselRecord[] =>
      data()
        .vessels.filter(({ kind }) => !filter?.kind || kind.toUpperCase() === filter.kind)
        .filter(({ tonnage }) => filter?.minTonnage == null || (tonnage ?? 0) >= filter.minTonnage)
        .filter(({ id }) => !filter?.ids || filter.ids.includes(id))
        .slice(0, first ?? undefined),
    vessel: (_: unknown, { id }: { id: string }) => data().vessels.find((one) => one.id === id) ?? null,
    finds: (_: unknown, { text }: { text?: string | null }): (VesselRecord | PortRecord)[] =>
      [...data().ports, ...data().vessels].filter(({ name }) => !text || name?.includes(text)),
  };
}

function harbourQueries({ data }: Root) {
  return {
    ports: (_: unknown, { codes }: { codes?: readonly string[] | null }): (PortRecord | null)[] =>
      codes ? codes.map((code) => data().ports.find((port) => port.code === code) ?? null) : data().ports,
    port: (_: unknown, { id }: { id: string }) => data().ports.find((one) => one.id === id) ?? null,
  };
}

function crewQueries({ data }: Root) {
  return {
    sailors: (_: unknown, { rank }: { rank?: string | null }) =>
      data().sailors.filter((one) => !rank || one.rank === rank),
    sailor: (_: unknown, { id }: { id: string }) => data().sailors.find((one) => one.id === id) ?? null,
  };
}

function otherQueries({ data }: Root) {
  return {
    best: () => data().vessels.filter(({ kind, score }) => kind === 'Freighter' && score === 2),
    cheapest: (): PortRecord | null => data().ports[0] ?? null,
  };
}

function fleetMutations(find: Finders) {
  return {
    renameVessel(_: unknown, { id, name }: { id: string; name?: string | null }) {
      const vessel = find.vessel(id);
      if (vessel) vessel.name = name ?? null;
      return vessel;
    },
  };
}

function harbourMutations(find: Finders) {
  return {
    dredge(_: unknown, { id, by }: { id: string; by?: number | null }) {
      const port = find.port(id);
      if (port) port.depth = (port.depth ?? 0) + (by ?? 0);
      return port;
    },
  };
}

function crewMutations(find: Finders) {
  return {
    promote(_: unknown, { id, rank }: { id: string; rank?: 'MATE' | 'MASTER' | null }) {
      const sailor = find.sailor(id);
      if (sailor) sailor.rank = rank ?? null;
      return sailor;
    },
  };
}
