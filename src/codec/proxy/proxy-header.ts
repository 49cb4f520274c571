// What a proxy sends before the bytes of a client that it passes on (HAProxy's PROXY protocol, versions 1 and 2): who the
// client is, and where it has connected to.
//
// Invariant: reading depends on the bytes alone, not on how they come. Nothing of what follows the header is touched.
import { canonicalHost } from '../../lib/canonical-host.ts'
import type { Address } from '../../lib/listen.ts'
import { networkLimits } from '../../limits/network.ts'

/** The two ends of the client's connection to the proxy. */
export interface ProxyEnds {
  readonly peer: Address
  readonly local: Address
}

export interface ProxyHeader {
  /** Bytes of it. */
  readonly size: number
  /** Undefined where the proxy speaks for itself, such as to see whether somebody listens, or does not know. */
  readonly ends: ProxyEnds | undefined
}

/** The bytes are no such header. */
export class ProxyHeaderError extends Error {
  override readonly name = 'ProxyHeaderError'
}

const textStart = Buffer.from('PROXY ')
const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
/** With its line end (section 2.1). */
const textSizeMax = 107
/** Signature, version and command, family and transport, size of the rest. */
const binaryStartSize = 16

/** The header at the beginning of `bytes`; undefined as long as more of it has to come. Throws ProxyHeaderError. */
export function readProxyHeader(bytes: Buffer): ProxyHeader | undefined {
  if (beginsLike(bytes, textStart)) return readText(bytes)
  if (beginsLike(bytes, signature)) return readBinary(bytes)
  throw new ProxyHeaderError('no header of the PROXY protocol')
}

/** As far as there are bytes. */
function beginsLike(bytes: Buffer, start: Buffer): boolean {
  const size = Math.min(bytes.length, start.length)
  return bytes.compare(start, 0, size, 0, size) === 0
}

/** Section 2.1: `PROXY TCP4 192.0.2.1 192.0.2.2 56324 443` and CR LF. */
function readText(bytes: Buffer): ProxyHeader | undefined {
  const end = bytes.subarray(0, textSizeMax).indexOf('\r\n')
  if (end < 0) {
    if (bytes.length >= textSizeMax) throw new ProxyHeaderError('a line that does not end')
    return undefined
  }
  const size = end + 2
  const [, family, ...others] = bytes.toString('latin1', 0, end).split(' ')
  if (family === 'UNKNOWN') return { size, ends: undefined }
  const [peerHost, localHost, peerPort, localPort] = others
  if ((family !== 'TCP4' && family !== 'TCP6') || others.length !== 4) {
    throw new ProxyHeaderError('a line that is not understood')
  }
  return {
    size,
    ends: {
      peer: { host: hostIn(peerHost, family), port: portIn(peerPort) },
      local: { host: hostIn(localHost, family), port: portIn(localPort) },
    },
  }
}

function hostIn(text = '', family: 'TCP4' | 'TCP6'): string {
  if (!isAddress[family](text)) throw new ProxyHeaderError(`no address of ${family}`)
  return canonicalHost(text)
}

const byteOfAddress = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const dotted = new RegExp(`^${byteOfAddress}(?:\\.${byteOfAddress}){3}$`)

const isAddress: Readonly<Record<'TCP4' | 'TCP6', (text: string) => boolean>> = {
  TCP4: (text) => dotted.test(text),
  TCP6: (text) => /^[\da-f.:]*:[\da-f.:]*$/i.test(text) && URL.canParse(`http://[${text}]`),
}

function portIn(text = ''): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Infinity
  if (port > 0xffff) throw new ProxyHeaderError('no port')
  return port
}

/** Section 2.2. */
function readBinary(bytes: Buffer): ProxyHeader | undefined {
  if (bytes.length < binaryStartSize) return undefined
  const [versionAndCommand, familyAndTransport] = [bytes.readUInt8(12), bytes.readUInt8(13)]
  const size = binaryStartSize + bytes.readUInt16BE(14)
  if (size > networkLimits.proxyHeaderSizeMax) {
    throw new ProxyHeaderError(`a header of ${size} bytes`)
  }
  const [isLocal, isProxied] = [versionAndCommand === 0x20, versionAndCommand === 0x21]
  if (!isLocal && !isProxied) throw new ProxyHeaderError('a version or command that is not known')
  if (bytes.length < size) return undefined
  return { size, ends: isLocal ? undefined : endsIn(bytes, familyAndTransport, size) }
}

/** TCP over IPv4 or IPv6; others tell nothing here. */
function endsIn(bytes: Buffer, family: number, size: number): ProxyEnds | undefined {
  const hostSize = { 0x11: 4, 0x21: 16 }[family]
  if (hostSize === undefined) return undefined
  const portsStart = binaryStartSize + 2 * hostSize
  if (size < portsStart + 4) throw new ProxyHeaderError('addresses that are too short')
  const hostAt = (start: number): string => hostOf(bytes.subarray(start, start + hostSize))
  return {
    peer: { host: hostAt(binaryStartSize), port: bytes.readUInt16BE(portsStart) },
    local: { host: hostAt(binaryStartSize + hostSize), port: bytes.readUInt16BE(portsStart + 2) },
  }
}

function hostOf(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(2 * at).toString(16))
  return canonicalHost(groups.join(':'))
}
