/** Zones of the regions of countries that have several, by the region's code and name. Regions in two zones have both. */
const REGIONS: Readonly<Record<string, string>> = {
  US: `America/New_York: CT Connecticut, DE Delaware, DC District of Columbia, GA Georgia, ME Maine, MD Maryland,
      MA Massachusetts, NH New Hampshire, NJ New Jersey, NY New York, NC North Carolina, OH Ohio, PA Pennsylvania,
      RI Rhode Island, SC South Carolina, VT Vermont, VA Virginia, WV West Virginia
    America/New_York America/Chicago: FL Florida, IN Indiana, KY Kentucky, MI Michigan, TN Tennessee
    America/Chicago: AL Alabama, AR Arkansas, IL Illinois, IA Iowa, LA Louisiana, MN Minnesota, MS Mississippi,
      MO Missouri, OK Oklahoma, WI Wisconsin
    America/Chicago America/Denver: KS Kansas, NE Nebraska, ND North Dakota, SD South Dakota, TX Texas
    America/Denver: CO Colorado, MT Montana, NM New Mexico, UT Utah, WY Wyoming
    America/Denver America/Los_Angeles: ID Idaho, OR Oregon
    America/Phoenix America/Denver: AZ Arizona
    America/Los_Angeles: CA California, NV Nevada, WA Washington
    America/Anchorage America/Adak: AK Alaska
    Pacific/Honolulu: HI Hawaii`,
  CA: `America/St_Johns America/Halifax: NL Newfoundland and Labrador
    America/Halifax: NS Nova Scotia, NB New Brunswick, PE Prince Edward Island
    America/Toronto America/Blanc-Sablon: QC Quebec
    America/Toronto America/Winnipeg: ON Ontario
    America/Winnipeg: MB Manitoba
    America/Regina America/Edmonton: SK Saskatchewan
    America/Edmonton: AB Alberta
    America/Vancouver America/Edmonton: BC British Columbia
    America/Whitehorse: YT Yukon
    America/Yellowknife: NT Northwest Territories
    America/Iqaluit America/Rankin_Inlet America/Cambridge_Bay: NU Nunavut`,
  AU: `Australia/Sydney: ACT Australian Capital Territory
    Australia/Sydney Australia/Broken_Hill: NSW New South Wales
    Australia/Melbourne: VIC Victoria
    Australia/Brisbane: QLD Queensland
    Australia/Adelaide: SA South Australia
    Australia/Perth: WA Western Australia
    Australia/Hobart: TAS Tasmania
    Australia/Darwin: NT Northern Territory`,
  ES: `Atlantic/Canary: CN Canarias, GC Las Palmas, TF Santa Cruz de Tenerife
    Africa/Ceuta: CE Ceuta, ML Melilla
    Europe/Madrid: MD Madrid, M Comunidad de Madrid, CT Catalunya, B Barcelona, AN Andalucía, SE Sevilla, V Valencia`,
  PT: `Atlantic/Azores: 20 Açores
    Atlantic/Madeira: 30 Madeira`,
};

/** The zone in which most people live, of countries with several: for waits until a time of day when no region is known. */
const MAIN_ZONES: Readonly<Record<string, string>> = {
  AR: 'America/Argentina/Buenos_Aires',
  AU: 'Australia/Sydney',
  BR: 'America/Sao_Paulo',
  CA: 'America/Toronto',
  CD: 'Africa/Kinshasa',
  CL: 'America/Santiago',
  CN: 'Asia/Shanghai',
  CY: 'Asia/Nicosia',
  DE: 'Europe/Berlin',
  EC: 'America/Guayaquil',
  ES: 'Europe/Madrid',
  FM: 'Pacific/Pohnpei',
  GL: 'America/Nuuk',
  ID: 'Asia/Jakarta',
  KI: 'Pacific/Tarawa',
  KZ: 'Asia/Almaty',
  MN: 'Asia/Ulaanbaatar',
  MX: 'America/Mexico_City',
  MY: 'Asia/Kuala_Lumpur',
  NZ: 'Pacific/Auckland',
  PF: 'Pacific/Tahiti',
  PG: 'Pacific/Port_Moresby',
  PT: 'Europe/Lisbon',
  RU: 'Europe/Moscow',
  UA: 'Europe/Kyiv',
  US: 'America/New_York',
  UZ: 'Asia/Tashkent',
};

let zonesByRegion: ReadonlyMap<string, readonly string[]> | undefined;

/** Zones of a region by its code or name; undefined when the region is not known, or its country has no list. */
export function zonesOfRegion(country: string, region: string): readonly string[] | undefined {
  zonesByRegion ??= readRegions();
  return zonesByRegion.get(`${country} ${folded(region)}`);
}

/** The zone in which most people of a country with several zones live. */
export function mainZoneOf(country: string): string | undefined {
  return MAIN_ZONES[country];
}

function readRegions(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const [country, list] of Object.entries(REGIONS)) {
    for (const [, zones = '', regions = ''] of list.matchAll(/([A-Z]\w+\/[^:]+): ([^/]+?)(?=\n\s+[A-Z]\w+\/|$)/g)) {
      for (const region of regions.split(',')) {
        const [code = '', ...name] = region.trim().split(/\s+/);
        for (const key of [code, name.join(' ')]) found.set(`${country} ${folded(key)}`, zones.split(' '));
      }
    }
  }
  return found;
}

/** Without accents, capitals and dots: `N.Y.` is `ny`. */
function folded(text: string): string {
  return text
    .normalize('NFD')
    .replaceAll(/[^\p{L}\p{N} ]/gu, '')
    .trim()
    .toLowerCase();
}
