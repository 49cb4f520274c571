// Certificates for tests and benchmarks. Node can sign but makes no X.509, and not every machine has
// openssl: the few structures of RFC 5280 that are needed are put together here (DER, ITU-T X.690).
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/** A key and the certificate for it. */
export interface MadeCertificate {
  /** PEM. */
  readonly certificate: string
  /** PEM, PKCS #8, not encrypted. */
  readonly key: string
  readonly name: string
  readonly privateKey: KeyObject
}

export interface CertificateWish {
  /** Common name; that of an authority and of what it signs must differ. */
  readonly name?: string
  /** Names and addresses that it is for. */
  readonly hosts?: readonly string[]
  /** Who signs it; by default itself, and then it can sign others. */
  readonly issuer?: MadeCertificate
  /** Days from now to its end; below zero it has ended. */
  readonly days?: number
  /** OpenSSL's name of the key's curve; `P-256` by default. */
  readonly curve?: string
  /** RSA where a client's or a broker's key has to be one; only an EC key signs others. */
  readonly isRsa?: boolean
}

const dayMs = 86_400_000

/** Makes a key and a certificate for it. */
export function makeCertificate(wish: CertificateWish = {}): MadeCertificate {
  const { name = 'pabal test', hosts = [], issuer, days = 30, curve = 'P-256' } = wish
  const { privateKey } =
    wish.isRsa === true
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: curve })
  const signer = issuer?.privateKey ?? privateKey
  const end = Date.now() + days * dayMs
  const body = sequence(
    tagged(0, integer(Buffer.from([2]))),
    integer(keyIdOf(privateKey).subarray(0, 8)),
    ecdsaWithSha256,
    nameOf(issuer?.name ?? name),
    sequence(time(Math.min(Date.now(), end) - dayMs), time(end)),
    nameOf(name),
    publicDer(privateKey),
    tagged(3, sequence(...extensions(privateKey, signer, { hosts, isAuthority: !issuer }))),
  )
  const der = sequence(body, ecdsaWithSha256, bitString(sign('sha256', body, signer)))
  const key = String(privateKey.export({ type: 'pkcs8', format: 'pem' }))
  return { certificate: pem(der), key, name, privateKey }
}

function extensions(
  key: KeyObject,
  signer: KeyObject,
  { hosts, isAuthority }: { readonly hosts: readonly string[]; readonly isAuthority: boolean },
): Buffer[] {
  const basic = sequence(...(isAuthority ? [der(0x01, Buffer.from([0xff]))] : []))
  const list = [
    extension('551d13', basic, true),
    ...(isAuthority ? [extension('551d0f', keyCertSign, true)] : []),
    extension('551d0e', octets(keyIdOf(key))),
    extension('551d23', sequence(der(0x80, keyIdOf(signer)))),
  ]
  if (hosts.length > 0) list.push(extension('551d11', sequence(...hosts.map(alternativeName))))
  return list
}

/** `oid` in DER without its head, as hexadecimal digits. */
function extension(oid: string, value: Buffer, isCritical = false): Buffer {
  const critical = isCritical ? [der(0x01, Buffer.from([0xff]))] : []
  return sequence(objectId(oid), ...critical, octets(value))
}

function alternativeName(host: string): Buffer {
  const bytes = host.split('.').map(Number)
  const isAddress = bytes.length === 4 && bytes.every((byte) => byte >= 0 && byte <= 255)
  return isAddress ? der(0x87, Buffer.from(bytes)) : der(0x82, Buffer.from(host))
}

function nameOf(name: string): Buffer {
  return sequence(der(0x31, sequence(objectId('550403'), der(0x0c, Buffer.from(name)))))
}

function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/\D/g, '').slice(2, 14)
  return der(0x17, Buffer.from(`${digits}Z`))
}

function publicDer(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' })
}

function keyIdOf(key: KeyObject): Buffer {
  const id = createHash('sha1').update(publicDer(key)).digest()
  // As a serial number it has to be positive.
  id[0] = (id.readUInt8(0) & 0x7f) | 0x40
  return id
}

/** The bit string of RFC 5280 §4.2.1.3 with digitalSignature (0) and keyCertSign (5). */
const keyCertSign: Buffer = der(0x03, Buffer.from([2, 0x84]))

const ecdsaWithSha256: Buffer = sequence(objectId('2a8648ce3d040302'))

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts))
}

function tagged(number: number, value: Buffer): Buffer {
  return der(0xa0 + number, value)
}

function integer(bytes: Buffer): Buffer {
  return der(0x02, bytes)
}

function objectId(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'))
}

function octets(bytes: Buffer): Buffer {
  return der(0x04, bytes)
}

function bitString(bytes: Buffer): Buffer {
  return der(0x03, Buffer.concat([Buffer.from([0]), bytes]))
}

/** Tag, length, content. */
function der(tag: number, content: Buffer): Buffer {
  const { length } = content
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content])
  const head = Buffer.from([tag, 0x82, length >> 8, length & 0xff])
  return Buffer.concat([head, content])
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}
