/** What a harbour office knows, spread over five subgraphs. Every record is complete: the truth is answered from here. */
export interface HarbourData {
  readonly vessels: VesselRecord[];
  readonly ports: PortRecord[];
  readonly sailors: SailorRecord[];
}

/** A ship: `seats` is of ferries, `containers` of freighters. */
export interface VesselRecord {
  readonly id: string;
  readonly kind: 'Freighter' | 'Ferry';
  name: string | null;
  readonly tonnage: number | null;
  readonly containers: number | null;
  readonly seats: number;
  readonly homeId: string | null;
  readonly score: number | null;
  readonly reviews: readonly { readonly stars: number; readonly text: string | null }[] | null;
  readonly crewIds: readonly string[];
  readonly captainId: string | null;
}

/** A port; `isStormy` ones cannot tell their berths. */
export interface PortRecord {
  readonly id: string;
  readonly code: string;
  readonly name: string | null;
  depth: number | null;
  readonly berths: readonly { readonly number: number; readonly isFree: boolean | null }[] | null;
  readonly isStormy: boolean;
  readonly freighterIds: readonly (string | null)[];
}

/** A person on board. */
export interface SailorRecord {
  readonly id: string;
  readonly name: string;
  rank: 'MATE' | 'MASTER' | null;
  readonly vesselId: string | null;
  readonly mentorId: string | null;
}

/** Gives whole numbers below a bound. */
export type Draw = (below: number) => number;

/** Makes the data of one seed: always the same, with nulls wherever the schema allows them. */
export function makeHarbourData(draw: Draw): HarbourData {
  const ids = (prefix: string, count: number): string[] =>
    Array.from({ length: count }, (_, index) => `${prefix}${index}`);
  const vesselIds = ids('v', 1 + draw(5));
  const portIds = ids('p', 1 + draw(3));
  const sailorIds = ids('s', 1 + draw(5));
  const pick = (from: readonly string[]): string => from[draw(from.length)] ?? '';
  const maybe = <Value>(make: () => Value): Value | null => (draw(5) === 0 ? null : make());
  const vessels = vesselIds.map(
    (id): VesselRecord => ({
      id,
      kind: draw(2) === 0 ? 'Freighter' : 'Ferry',
      name: maybe(() => `name ${draw(9)}`),
      tonnage: maybe(() => draw(3) * 100),
      containers: maybe(() => draw(4)),
      seats: draw(300),
      homeId: maybe(() => pick(portIds)),
      score: maybe(() => draw(3)),
      reviews: maybe(() => ids('r', draw(3)).map(() => ({ stars: draw(6), text: maybe(() => `text ${draw(9)}`) }))),
      crewIds: sailorIds.filter(() => draw(2) === 0),
      captainId: maybe(() => pick(sailorIds)),
    }),
  );
  const freighters = vessels.filter(({ kind }) => kind === 'Freighter').map(({ id }) => id);
  return {
    vessels,
    ports: portIds.map((id, index) => ({
      id,
      code: `C${index}`,
      name: maybe(() => `port ${draw(9)}`),
      depth: maybe(() => draw(30)),
      berths: maybe(() => ids('b', draw(3)).map((_, number) => ({ number, isFree: maybe(() => draw(2) === 0) }))),
      isStormy: draw(6) === 0,
      freighterIds: freighters.filter(() => draw(2) === 0).map((freighter) => maybe(() => freighter)),
    })),
    sailors: sailorIds.map((id) => ({
      id,
      name: `sailor ${draw(9)}`,
      rank: maybe(() => (draw(2) === 0 ? 'MATE' : 'MASTER')),
      vesselId: maybe(() => pick(vesselIds)),
      mentorId: maybe(() => pick(sailorIds)),
    })),
  };
}
