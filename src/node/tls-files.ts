// Certificate and key of the TLS listeners: read at the start, and again when the files change.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import type { Clock, Timer } from '../lib/clock.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import type { Logger } from '../lib/logger.ts'
import { networkLimits } from '../limits/network.ts'
import { TlsCredentials, type TlsMaterial } from '../server/tls-credentials.ts'
import { readSmallFile } from '../settings/settings-file.ts'

/** Where the files are. */
export interface TlsFiles {
  readonly certificate: string
  readonly key: string
  readonly clientCa: string | undefined
}

/** What is in them. */
type Contents = Readonly<{ [Name in keyof TlsFiles]: string | undefined }>

const names = {
  certificate: 'TLS certificate',
  key: 'TLS key',
  clientCa: 'TLS client authorities',
} as const

const pemCertificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

type Age = 'good' | 'ends soon' | 'has ended'

/** Credentials from files, kept up to date. */
export class TlsFromFiles implements Disposable {
  readonly credentials: TlsCredentials
  readonly #files: TlsFiles
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #timer: Timer
  /** What the listeners use, or what was refused: the same again is no news. */
  #known: Contents
  /** What the last look found. A change counts when two looks agree: files change one by one. */
  #seen: Contents
  #isLooking = false
  #toldAge: Age = 'good'

  private constructor(files: TlsFiles, first: Contents, { clock, logger }: WatchParts) {
    this.#files = files
    this.#clock = clock
    this.#logger = logger
    this.#known = first
    this.#seen = first
    this.credentials = credentialsOf(files, first)
    this.#tell()
    this.#timer = clock.every(networkLimits.tlsFilesCheckMs, () => void this.look())
  }

  /** Throws an `ExitError` for a file that is missing, is not what it should be or does not fit. */
  static async open(files: TlsFiles, parts: WatchParts): Promise<TlsFromFiles> {
    return new TlsFromFiles(files, await readAll(files), parts)
  }

  /** Looks at the files, and takes over what has changed. Never rejects. */
  async look(): Promise<void> {
    if (this.#isLooking) return
    this.#isLooking = true
    try {
      await this.#takeOver()
      if (this.#age !== this.#toldAge) this.#tell()
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#logger.error(`The TLS certificate in use stays: ${reason}`)
    } finally {
      this.#isLooking = false
    }
  }

  [Symbol.dispose](): void {
    this.#timer.stop()
  }

  async #takeOver(): Promise<void> {
    const now = await readAll(this.#files).catch(() => missing)
    const isSettled = isSame(now, this.#seen)
    this.#seen = now
    if (!isSettled || isSame(now, this.#known)) return
    this.#known = now
    // Read once more for the reason why it cannot be read.
    const contents = now === missing ? await readAll(this.#files) : now
    const material = check(this.#files, contents)
    tryOut(this.#files, () => this.credentials.replace(material))
    this.#tell()
  }

  get #age(): Age {
    const left = this.credentials.own.validToDate.getTime() - this.#clock.now()
    if (left > networkLimits.tlsExpiryWarningMs) return 'good'
    return left > 0 ? 'ends soon' : 'has ended'
  }

  #tell(): void {
    const { subject, validTo } = this.credentials.own
    const name = subject.replaceAll('\n', ', ') || 'a name in its extension'
    const text = `TLS certificate of ${name}, valid to ${validTo}`
    const age = this.#age
    this.#toldAge = age
    if (age === 'good') this.#logger.info(text)
    else if (age === 'ends soon') this.#logger.warn(`${text}: it ends soon`)
    else this.#logger.warn(`${text}: it has ended, and clients will refuse it`)
  }
}

interface WatchParts {
  readonly clock: Clock
  readonly logger: Logger
}

/** What a look finds while a file is not there. */
const missing: Contents = { certificate: undefined, key: undefined, clientCa: undefined }

async function readAll(files: TlsFiles): Promise<Contents> {
  // One after the other: of several that are missing, the same one is named each time.
  const certificate = await readSmallFile(files.certificate, names.certificate)
  const key = await readSmallFile(files.key, names.key)
  const clientCa =
    files.clientCa === undefined ? undefined : await readSmallFile(files.clientCa, names.clientCa)
  return { certificate, key, clientCa }
}

function isSame(one: Contents, other: Contents): boolean {
  return (
    one.certificate === other.certificate &&
    one.key === other.key &&
    one.clientCa === other.clientCa
  )
}

function credentialsOf(files: TlsFiles, contents: Contents): TlsCredentials {
  const material = check(files, contents)
  return tryOut(files, () => new TlsCredentials(material))
}

/** Throws an `ExitError` that names the file when OpenSSL refuses it. */
function tryOut<T>(files: TlsFiles, use: () => T): T {
  try {
    return use()
  } catch (error) {
    // OpenSSL's own rules: a key that is too short, a digest that is too weak.
    const reason = error instanceof Error ? error.message : String(error)
    throw wrong(`${names.certificate} ${files.certificate} cannot be used: ${reason}`)
  }
}

/** Throws an `ExitError` that names the file. */
function check(files: TlsFiles, { certificate = '', key = '', clientCa }: Contents): TlsMaterial {
  const [own] = parseCertificates(certificate, `${names.certificate} ${files.certificate}`)
  const privateKey = parseKey(key, `${names.key} ${files.key}`)
  if (own === undefined || !own.checkPrivateKey(privateKey)) {
    throw wrong(
      `${names.key} ${files.key} does not belong to the first certificate in ` +
        `${files.certificate}: give the key of that one, and put the broker's own certificate first`,
    )
  }
  if (clientCa !== undefined) {
    parseCertificates(clientCa, `${names.clientCa} ${files.clientCa ?? ''}`)
  }
  return { certificates: certificate, key, clientCa, own }
}

/** At least one. */
function parseCertificates(pem: string, where: string): X509Certificate[] {
  const blocks = pem.match(pemCertificate) ?? []
  if (blocks.length === 0) {
    throw wrong(`${where} holds no certificate: it must be PEM, with -----BEGIN CERTIFICATE-----`)
  }
  try {
    return blocks.map((block) => new X509Certificate(block))
  } catch {
    throw wrong(`${where} is damaged: a certificate in it cannot be decoded`)
  }
}

function parseKey(pem: string, where: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ERR_MISSING_PASSPHRASE' || pem.includes('ENCRYPTED')) {
      throw wrong(
        `${where} is encrypted: write it without a passphrase (openssl pkey -in FILE -out NEW)`,
      )
    }
    throw wrong(`${where} holds no private key: it must be PEM, with -----BEGIN PRIVATE KEY-----`)
  }
}

function wrong(message: string): ExitError {
  return new ExitError(exitCodes.config, message)
}
