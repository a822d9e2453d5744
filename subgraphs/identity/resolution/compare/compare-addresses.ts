import { ADDRESS_WIDTH } from '../block/feature-writer.ts';
import type { FeatureCursor } from '../block/features.ts';
import { KEY, keyOf } from '../block/keys.ts';
import type { ComparerParts, Comparison } from './compare.ts';
import { cityFrequency, postalCodeFrequency } from './frequency.ts';
import { ADDRESS, AT, MISSING } from './levels.ts';
import { STRANGERS, sharedByChance } from './sharing.ts';
import { editDistance, isOneEdit, jaroWinkler, lettersApart } from './similarity.ts';

const SIMILAR_STREET = 0.9;

/** Compares the addresses of two records: the best pair of them counts. */
export function compareAddresses(parts: ComparerParts, a: FeatureCursor, b: FeatureCursor, into: Comparison): void {
  const { features, degrees } = parts;
  let best = MISSING;
  for (let i = 0; i < a.addressCount; i += 1) {
    const left = a.addressAt + i * ADDRESS_WIDTH;
    for (let j = 0; j < b.addressCount; j += 1) {
      const right = b.addressAt + j * ADDRESS_WIDTH;
      const level = levelOf(parts, left, right);
      if (level > best) continue;
      const chance = chanceOf(level, left, right);
      // Of several that agree alike the one that says most: which comes first must not matter.
      if (level === best && chance >= (into.chances[AT.address] as number)) continue;
      best = level;
      into.set(AT.address, level, chance, left, right);
    }
  }

  function chanceOf(level: number, at: number, other: number): number {
    const { data } = features;
    if (level <= ADDRESS.street) {
      const degree = degrees.of(keyOf(KEY.place, data[at] as number));
      return sharedByChance(features, into, degree, STRANGERS.place);
    }
    if (level === ADDRESS.postalCode) return postalCodeFrequency(features, data[at + 4] as number);
    return level === ADDRESS.city
      ? Math.max(cityFrequency(features, data[at + 5] as number), cityFrequency(features, data[other + 5] as number))
      : 0;
  }
}

function levelOf({ features }: ComparerParts, left: number, right: number): number {
  const { data } = features;
  const [place, otherPlace] = [data[left] as number, data[right] as number];
  const [street, otherStreet] = [data[left + 1] as number, data[right + 1] as number];
  const [number, otherNumber] = [data[left + 2] as number, data[right + 2] as number];
  const [unit, otherUnit] = [data[left + 3] as number, data[right + 3] as number];
  const [postal, otherPostal] = [data[left + 4] as number, data[right + 4] as number];
  const [city, otherCity] = [data[left + 5] as number, data[right + 5] as number];
  const samePostal = postal >= 0 && postal === otherPostal;
  const sameCity =
    city >= 0 &&
    (city === otherCity || (otherCity >= 0 && isSameCity(features.cities.text(city), features.cities.text(otherCity))));
  const postalUnknown = postal < 0 || otherPostal < 0;
  const cityUnknown = city < 0 || otherCity < 0;
  if (place >= 0 && place === otherPlace) {
    if (samePostal || sameCity)
      return unit >= 0 && otherUnit >= 0 && unit !== otherUnit ? ADDRESS.unitDiffers : ADDRESS.exact;
    return ADDRESS.street;
  }
  const isNear = samePostal || sameCity || (postalUnknown && cityUnknown);
  if (isNear && street >= 0 && otherStreet >= 0) {
    const sameNumber = number >= 0 && number === otherNumber;
    if (sameNumber && isSimilarStreet(features.streets.text(street), features.streets.text(otherStreet)))
      return ADDRESS.close;
    if (
      street === otherStreet &&
      number >= 0 &&
      otherNumber >= 0 &&
      isSlip(features.numbers.text(number), features.numbers.text(otherNumber))
    )
      return ADDRESS.close;
    if (street === otherStreet && (number < 0 || otherNumber < 0)) return ADDRESS.close;
  }
  if (samePostal) return ADDRESS.postalCode;
  if (sameCity) return ADDRESS.city;
  const nothingToCompare = postalUnknown && cityUnknown && (street < 0 || otherStreet < 0);
  return nothingToCompare ? MISSING : ADDRESS.different;
}

function isSimilarStreet(a: string, b: string): boolean {
  return (
    jaroWinkler(a, b) >= SIMILAR_STREET ||
    editDistance(a, b) <= 2 ||
    (Math.min(a.length, b.length) >= 5 && (a.includes(b) || b.includes(a)))
  );
}

function isSlip(a: string, b: string): boolean {
  return isOneEdit(a, b);
}

function isSameCity(a: string, b: string): boolean {
  const shorter = Math.min(a.length, b.length);
  const most = shorter >= 6 ? 2 : 1;
  return (
    shorter >= 5 && Math.abs(a.length - b.length) <= most && lettersApart(a, b) <= most && editDistance(a, b) <= most
  );
}
