import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { makeCertificate, type MadeCertificate } from '../../test/support/make-certificate.ts'
import { type Clock, systemClock } from '../lib/clock.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { type Logger, silentLogger } from '../lib/logger.ts'
import { type TlsFiles, TlsFromFiles } from './tls-files.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'pabal-tls-'))
after(() => rmSync(folder, { recursive: true }))

const made = makeCertificate({ name: 'first' })
const other = makeCertificate({ name: 'other' })

let fileCount = 0
function fileWith(text: string): string {
  const file = path.join(folder, `${++fileCount}.pem`)
  writeFileSync(file, text)
  return file
}

function filesOf({ certificate, key }: Pick<MadeCertificate, 'certificate' | 'key'>): TlsFiles {
  return { certificate: fileWith(certificate), key: fileWith(key), clientCa: undefined }
}

/** A logger whose lines can be looked at. */
function notingLogger(): { readonly logger: Logger; readonly lines: string[] } {
  const lines: string[] = []
  const logger = Object.create(silentLogger) as Logger
  for (const level of ['info', 'warn', 'error'] as const) {
    logger[level] = (...line) => void lines.push(`${level} ${line.at(-1) as string}`)
  }
  return { logger, lines }
}

async function open(
  files: TlsFiles,
  clock: Clock = systemClock,
): Promise<{ tls: TlsFromFiles; lines: string[] }> {
  const { logger, lines } = notingLogger()
  return { tls: await TlsFromFiles.open(files, { clock, logger }), lines }
}

const encrypted = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
  cipher: 'aes-256-cbc',
  passphrase: 'secret',
})
const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
const damaged = made.certificate.replace(/M[A-Za-z0-9+/]{20}/, 'AAAA')

const wrongFiles: Readonly<
  Record<string, { readonly files: Partial<TlsFiles>; readonly says: RegExp }>
> = {
  'a certificate that holds none': {
    files: { certificate: fileWith(made.key) },
    says: /TLS certificate .*\.pem holds no certificate: it must be PEM/,
  },
  'a damaged certificate': {
    files: { certificate: fileWith(damaged) },
    says: /TLS certificate .*\.pem is damaged/,
  },
  'a key that is none': {
    files: { key: fileWith(made.certificate) },
    says: /TLS key .*\.pem holds no private key/,
  },
  'an encrypted key': {
    files: { key: fileWith(String(encrypted)) },
    says: /TLS key .*\.pem is encrypted.*openssl pkey/,
  },
  'a key of another certificate': {
    files: { key: fileWith(other.key) },
    says: /TLS key .*\.pem does not belong to the first certificate in .*\.pem/,
  },
  'a key of another kind': {
    files: { key: fileWith(String(weak.export({ type: 'pkcs8', format: 'pem' }))) },
    says: /TLS key .*\.pem does not belong/,
  },
  'authorities that are none': {
    files: { clientCa: fileWith('nothing') },
    says: /TLS client authorities .*\.pem holds no certificate/,
  },
}

for (const [name, { files, says }] of Object.entries(wrongFiles)) {
  test(`open() refuses ${name}`, async () => {
    await assert.rejects(open({ ...filesOf(made), ...files }), (error) => {
      assert.ok(error instanceof ExitError, String(error))
      assert.match(error.message, says)
      assert.equal(error.exitCode, exitCodes.config)
      return true
    })
  })
}

test('a certificate that OpenSSL refuses is named, at the start and later', async () => {
  const weakMade = makeCertificate({ curve: 'prime192v1' })
  const says = /TLS certificate .*\.pem cannot be used: .*too small/
  await assert.rejects(open(filesOf(weakMade)), says)
  const files = filesOf(made)
  const { tls, lines } = await open(files)
  using _ = tls
  writeFileSync(files.certificate, weakMade.certificate)
  writeFileSync(files.key, weakMade.key)
  for (let looks = 0; looks < 3; looks++) await tls.look()
  assert.match(lines[1] ?? '', says)
  assert.equal(tls.credentials.own.subject, 'CN=first')
})

test('open() refuses a file that is not there', async () => {
  const absent = path.join(folder, 'absent.pem')
  for (const name of ['certificate', 'key', 'clientCa'] as const) {
    await assert.rejects(open({ ...filesOf(made), [name]: absent }), (error) => {
      assert.ok(error instanceof ExitError)
      assert.match(error.message, /cannot read TLS .*absent\.pem/)
      assert.equal(error.exitCode, exitCodes.noInput)
      return true
    })
  }
})

test('open() names the first of several files that are not there', async () => {
  const at = (name: string): string => path.join(folder, `${name}.pem`)
  const absent = { certificate: at('none'), key: at('no-key'), clientCa: at('no-client-ca') }
  const namesTheFirst = /cannot read TLS certificate .*none\.pem/
  const openings = Array.from({ length: 50 }, () => assert.rejects(open(absent), namesTheFirst))
  await Promise.all(openings)
})

test('a certificate that ends soon or has ended is warned of', async () => {
  const textOf = async (days: number): Promise<string | undefined> => {
    const { tls, lines } = await open(filesOf(makeCertificate({ days })))
    tls[Symbol.dispose]()
    return lines[0]
  }
  assert.match((await textOf(30)) ?? '', /^info .*CN=pabal test, valid to/)
  assert.match((await textOf(10)) ?? '', /^warn .*ends soon/)
  assert.match((await textOf(-1)) ?? '', /^warn .*has ended/)
})

test('a certificate that nobody renews is warned of when its end is near and when it has come', async () => {
  const aDayMs = 86_400_000
  let days = 0
  const clock = { ...systemClock, now: () => Date.now() + days * aDayMs }
  const { tls, lines } = await open(filesOf(makeCertificate({ days: 30 })), clock)
  using _ = tls
  for (days = 1; days < 40; days++) await tls.look()
  assert.deepEqual(
    lines.map((line) => line.match(/^\w+|ends soon|has ended/g)),
    [['info'], ['warn', 'ends soon'], ['warn', 'has ended']],
  )
})

test('changed files are used when they were the same twice', async () => {
  const files = filesOf(made)
  const { tls, lines } = await open(files)
  using _ = tls
  writeFileSync(files.certificate, other.certificate)
  await tls.look()
  writeFileSync(files.key, other.key)
  await tls.look()
  assert.equal(tls.credentials.own.subject, 'CN=first', 'they may still be changing')
  await tls.look()
  assert.equal(tls.credentials.own.subject, 'CN=other')
  assert.deepEqual(
    lines.map((line) => line.split(',')[0]),
    ['info TLS certificate of CN=first', 'info TLS certificate of CN=other'],
  )
})

test('changed files that cannot be used are reported once, and what was in use stays', async () => {
  const files = filesOf(made)
  const { tls, lines } = await open(files)
  using _ = tls
  writeFileSync(files.key, other.key)
  for (let looks = 0; looks < 4; looks++) await tls.look()
  assert.equal(tls.credentials.own.subject, 'CN=first')
  assert.equal(lines.length, 2)
  assert.match(lines[1] ?? '', /^error The TLS certificate in use stays: .*does not belong/)
  rmSync(files.key)
  for (let looks = 0; looks < 4; looks++) await tls.look()
  assert.equal(lines.length, 3)
  assert.match(lines[2] ?? '', /^error .*stays: cannot read TLS key/)
  writeFileSync(files.key, made.key)
  for (let looks = 0; looks < 4; looks++) await tls.look()
  assert.match(lines[3] ?? '', /^info .*CN=first/, 'and all is well again')
})
