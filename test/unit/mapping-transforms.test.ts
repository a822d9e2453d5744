import fc from 'fast-check';
import { createDateReader, isDateFormat, toDay, toInstant } from '../../mapping/transforms/calendar.ts';
import { divideDecimal, multiplyDecimal, toDecimal } from '../../mapping/transforms/decimal.ts';
import { splitPersonName } from '../../mapping/transforms/person-name.ts';
import { toCountry, toE164 } from '../../mapping/transforms/telephone.ts';
import { applyTransforms, type ReadValue } from '../../mapping/transforms/transform.ts';

const decimals = fc
  .tuple(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.integer({ min: 0, max: 6 }))
  .map(([units, scale]) => shifted(units, scale));

/** An independent way to write units of 10^-scale. */
function shifted(units: bigint, scale: number): string {
  const magnitude = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
  const cut = magnitude.length - scale;
  return `${units < 0n ? '-' : ''}${magnitude.slice(0, cut)}${scale > 0 ? `.${magnitude.slice(cut)}` : ''}`;
}

describe('decimals', () => {
  it('divides by hundred and multiplies by hundred back to the same amount', () => {
    fc.assert(
      fc.property(decimals, (amount) => {
        const divided = divideDecimal(amount, 100);
        const [whole = '', fraction = ''] = multiplyDecimal(divided, '100').split('.');
        const [expectedWhole = '', expectedFraction = ''] = amount.split('.');
        expect(BigInt(whole)).toBe(BigInt(expectedWhole));
        expect(fraction.replace(/0+$/, '')).toBe(expectedFraction.replace(/0+$/, ''));
      }),
    );
  });

  it('multiplies as whole numbers do', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.bigInt(), (left, right) => {
        expect(multiplyDecimal(String(left), String(right))).toBe(String(left * right));
      }),
    );
  });

  it.each([
    ['1999', 100, '19.99'],
    ['5', 100, '0.05'],
    ['-5', 100, '-0.05'],
    ['2000', 100, '20.00'],
    ['19.9', 10, '1.99'],
    ['10', 4, '2.5'],
    ['1', 3, '0.333333333333333333'],
    ['7', 0.5, '14'],
  ])('%s / %s = %s', (amount, by, result) => expect(divideDecimal(amount, by)).toBe(result));

  it('multiplies a price by a quantity without gaining digits', () => {
    expect(multiplyDecimal('0.99', '3')).toBe('2.97');
    expect(multiplyDecimal('0.50', '2')).toBe('1.00');
    expect(multiplyDecimal('0.5', '2.00')).toBe('1.00');
  });

  it('writes no exponents', () => {
    expect(toDecimal(1e21)).toBe('1000000000000000000000');
    expect(toDecimal(1e-7)).toBe('0.0000001');
    expect(toDecimal('1e5')).toBeNull();
    expect(toDecimal('NaN')).toBeNull();
  });
});

describe('days and instants', () => {
  const day = fc.date({ min: new Date('0100-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });

  it('reads every day back that it writes, in each format', () => {
    fc.assert(
      fc.property(day, fc.constantFrom('DD.MM.YYYY', 'MM/DD/YYYY', 'YYYYMMDD', 'YYYY-MM-DD'), (date, format) => {
        const iso = date.toISOString().slice(0, 10);
        const [year = '', month = '', dayOfMonth = ''] = iso.split('-');
        const written = format.replace('YYYY', year).replace('MM', month).replace('DD', dayOfMonth);
        expect(createDateReader(format)(written)).toBe(iso);
      }),
    );
  });

  it('reads days and months of one digit where the format allows it', () => {
    expect(createDateReader('D.M.YYYY')('7.3.1984')).toBe('1984-03-07');
    expect(createDateReader('DD.MM.YYYY')('7.3.1984')).toBeNull();
  });

  it.each(['31.02.1984', '1984', '', '00.01.2000', 'x01.01.2000'])('takes %j for no day', (text) => {
    expect(createDateReader('DD.MM.YYYY')(text)).toBeNull();
  });

  it('knows a format from what is none', () => {
    expect(['DD.MM.YYYY', 'YYYYMMDD', 'M/D/YYYY'].every(isDateFormat)).toBe(true);
    expect(['DD.MM', 'YY-MM-DD', 'DD.MM.YYYY hh', 'YYYY-MM-DD-DD', ''].some(isDateFormat)).toBe(false);
  });

  it('writes every instant in UTC with milliseconds', () => {
    fc.assert(
      fc.property(day, (date) => {
        const iso = date.toISOString();
        expect(toInstant(iso)).toBe(iso);
        expect(toInstant(`${iso.slice(0, -1)}123+00:00`)).toBe(iso);
      }),
    );
    expect(toInstant('2026-03-01T10:30:00+02:00')).toBe('2026-03-01T08:30:00.000Z');
    expect(toInstant('2021-01-01T00:00:00')).toBe('2021-01-01T00:00:00.000Z');
    expect(toInstant('2021-01-01')).toBe('2021-01-01T00:00:00.000Z');
    expect(toInstant('infinity')).toBeNull();
    expect(toDay('2026-03-01T23:30:00-02:00')).toBe('2026-03-02');
    expect(toDay('2026-02-30')).toBeNull();
  });
});

describe('full names', () => {
  const parts = (text: string) => {
    const { salutation, firstName, middleName, lastName } = splitPersonName(text);
    return [salutation, firstName, middleName, lastName];
  };

  it.each([
    ['Ada Lovelace', [null, 'Ada', null, 'Lovelace']],
    ['Lovelace, Ada', [null, 'Ada', null, 'Lovelace']],
    ['Ms Ada Lovelace', ['Ms', 'Ada', null, 'Lovelace']],
    ['Mr. Smith', ['Mr.', null, null, 'Smith']],
    ['Frau Dr. Anna Maria Schmidt', ['Frau Dr.', 'Anna', 'Maria', 'Schmidt']],
    ['Mme Claire Petit', ['Mme', 'Claire', null, 'Petit']],
    ['Herr Müller', ['Herr', null, null, 'Müller']],
    ['John Smith Jr.', [null, 'John', null, 'Smith']],
    ['Smith, John, Sr', [null, 'John', null, 'Smith']],
    ['John Smith, III', [null, 'John', null, 'Smith']],
    ['Ludwig van Beethoven', [null, 'Ludwig', null, 'van Beethoven']],
    ['Maria de la Cruz', [null, 'Maria', null, 'de la Cruz']],
    ['Bertrand, C.', [null, 'C.', null, 'Bertrand']],
    ['Cher', [null, 'Cher', null, null]],
    ['Smith,', [null, 'Smith', null, null]],
    ['  Ada   Lovelace ', [null, 'Ada', null, 'Lovelace']],
    ['Dr', [null, 'Dr', null, null]],
    ['', [null, null, null, null]],
    [' , ', [null, null, null, null]],
  ])('%j', (text, expected) => expect(parts(text)).toEqual(expected));

  it('makes up no words, whatever is typed', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const words = parts(text).flatMap((part) => part?.split(' ') ?? []);
        for (const word of words) expect(text).toContain(word);
      }),
    );
  });
});

describe('telephone numbers', () => {
  it.each([
    ['030 1234567', 'DE', '+49301234567'],
    ['(704) 906-8017', 'US', '+17049068017'],
    ['0044 755 9643238', 'US', '+447559643238'],
    ['+55 (12) 3923-5555', undefined, '+551239235555'],
    ['0689 179 838', 'FR', '+33689179838'],
    ['12', 'DE', null],
    ['call me', 'DE', null],
    ['030 1234567', undefined, null],
  ])('%s in %s is %s', (text, country, number) => {
    expect(toE164(text, country)).toBe(number);
    expect(toE164(text, country)).toBe(number);
  });

  it('knows countries by code and by English name', () => {
    expect(['DE', 'de', 'Germany', 'germany ', 'USA', 'United Kingdom', 'Czech Republic'].map(toCountry)).toEqual([
      'DE',
      'DE',
      'DE',
      'DE',
      'US',
      'GB',
      'CZ',
    ]);
    expect(['', 'Atlantis', 'ZZ', null].map(toCountry)).toEqual([undefined, undefined, undefined, undefined]);
  });
});

describe('transforms in a row', () => {
  const read: ReadValue<string | null> = (row) => row;
  const context = { defaultCountry: 'DE', column: () => () => 'US' };

  it('are done in their order', () => {
    const value = applyTransforms(
      read,
      [{ kind: 'trim' }, { kind: 'lowercase' }, { kind: 'values', map: { y: 'OPT_IN' }, otherwise: 'OPT_OUT' }],
      context,
    );
    expect([' Y ', 'n', null].map(value)).toEqual(['OPT_IN', 'OPT_OUT', 'OPT_OUT']);
  });

  it('leave an empty value empty', () => {
    const value = applyTransforms(
      read,
      [{ kind: 'uppercase' }, { kind: 'divide', by: 100 }, { kind: 'phone' }],
      context,
    );
    expect(value(null)).toBeNull();
    expect(applyTransforms(read, [{ kind: 'trim' }], context)('   ')).toBeNull();
  });

  it('read a number in the country of its row, or else of the document', () => {
    const inRow = applyTransforms(read, [{ kind: 'phone', countryColumn: 'country' }], context);
    expect(inRow('704 906 8017')).toBe('+17049068017');
    expect(applyTransforms(read, [{ kind: 'phone' }], context)('030 1234567')).toBe('+49301234567');
    expect(applyTransforms(read, [{ kind: 'phone', country: 'FR' }], context)('0689 179 838')).toBe('+33689179838');
  });

  it('trim twice as once', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const once = applyTransforms(read, [{ kind: 'trim' }], context);
        expect(once(once(text) as string | null)).toBe(once(text));
      }),
    );
  });
});
