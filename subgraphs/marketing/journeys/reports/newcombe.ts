/** Two-sided 95 %: the 0.975 quantile of the standard normal distribution. */
const Z = 1.959963984540054;

/** So many of so many. */
export interface Proportion {
  readonly count: number;
  readonly total: number;
}

/** A difference of two proportions with its confidence interval, -1 to 1. */
export interface ProportionDifference {
  readonly difference: number;
  readonly low: number;
  readonly high: number;
}

/**
 * The difference of two independent proportions with its 95 % confidence interval by the hybrid score method without continuity
 * correction: R. G. Newcombe, "Interval estimation for the difference between independent proportions: comparison of eleven
 * methods", Statistics in Medicine 17 (1998) 873–890, method 10. Unlike the textbook's it never leaves -1 to 1 and holds for
 * small groups and for none or all. Null while a group is empty.
 */
export function compareProportions(one: Proportion, other: Proportion): ProportionDifference | null {
  if (one.total === 0 || other.total === 0) return null;
  const [a, b] = [scoreInterval(one), scoreInterval(other)];
  const difference = a.share - b.share;
  return {
    difference,
    low: difference - Math.hypot(a.share - a.low, b.high - b.share),
    high: difference + Math.hypot(a.high - a.share, b.share - b.low),
  };
}

/** E. B. Wilson's score interval of one proportion (1927). */
function scoreInterval({ count, total }: Proportion): { share: number; low: number; high: number } {
  const share = count / total;
  const centre = share + Z ** 2 / (2 * total);
  const half = Z * Math.sqrt((share * (1 - share)) / total + Z ** 2 / (4 * total ** 2));
  const scale = 1 + Z ** 2 / total;
  // None and all are exact ends: rounding must not carry the interval beyond them.
  return {
    share,
    low: count === 0 ? 0 : (centre - half) / scale,
    high: count === total ? 1 : (centre + half) / scale,
  };
}
