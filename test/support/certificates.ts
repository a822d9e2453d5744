import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** A certificate with its private key, both PEM. */
export interface Certified {
  readonly certificate: string;
  readonly key: string;
}

/** An authority that certifies servers. */
export interface Authority {
  /** Its own certificate, PEM. */
  readonly certificate: string;
  /** Certifies a server for host names and addresses. */
  certify(names: { readonly hosts?: readonly string[]; readonly addresses?: readonly string[] }): Certified;
}

/** Makes an authority that nobody knows yet. Its certificates hold for the days around now. */
export function createAuthority(name: string): Authority {
  const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issue = (subject: string, subjectKey: KeyObject, extensions: readonly Buffer[]): string => {
    const unsigned = sequence(
      tagged(0xa0, tagged(0x02, Buffer.of(2))),
      tagged(0x02, Buffer.of(1), randomBytes(8)),
      ECDSA_WITH_SHA256,
      nameOf(name),
      sequence(time(-DAY_MS), time(DAY_MS)),
      nameOf(subject),
      subjectKey.export({ type: 'spki', format: 'der' }),
      tagged(0xa3, sequence(...extensions)),
    );
    const signature = sign('sha256', unsigned, own.privateKey);
    const der = sequence(unsigned, ECDSA_WITH_SHA256, tagged(0x03, Buffer.of(0), signature));
    return `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
  };
  return {
    certificate: issue(name, own.publicKey, [extension('551d13', sequence(tagged(0x01, Buffer.of(0xff))))]),
    certify({ hosts = [], addresses = [] }) {
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const names = sequence(
        ...hosts.map((host) => tagged(0x82, Buffer.from(host))),
        ...addresses.map((address) => tagged(0x87, Buffer.from(address.split('.').map(Number)))),
      );
      const certificate = issue('server', publicKey, [extension('551d11', names)]);
      return { certificate, key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })) };
    },
  };
}

const DAY_MS = 86_400_000;
const ECDSA_WITH_SHA256 = sequence(tagged(0x06, Buffer.from('2a8648ce3d040302', 'hex')));

/** A value in DER: tag, length, contents. */
function tagged(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const head = length < 0x80 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

function sequence(...contents: readonly Buffer[]): Buffer {
  return tagged(0x30, ...contents);
}

function time(offsetMs: number): Buffer {
  const text = new Date(Date.now() + offsetMs).toISOString().replace(/[-:T]/g, '').slice(2, 14);
  return tagged(0x17, Buffer.from(`${text}Z`));
}

function nameOf(commonName: string): Buffer {
  const attribute = sequence(tagged(0x06, Buffer.from('550403', 'hex')), tagged(0x0c, Buffer.from(commonName)));
  return sequence(tagged(0x31, attribute));
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(tagged(0x06, Buffer.from(id, 'hex')), tagged(0x04, value));
}
