// The byte sequences of Mosquitto's test data: what a broker must end a connection for, and what it must not. They come
// from Debian's source package of Mosquitto, of which apt fetches the newest (the data are not ours to keep here). Where
// that cannot be had the tests say so; in CI it must be.
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'

export interface MosquittoStep {
  /** Bytes of the client, bytes of the broker, or a message from another client. */
  readonly kind: 'send' | 'recv' | 'publish'
  readonly bytes: Buffer
  /** For `publish`. */
  readonly message?: { readonly topic: string; readonly qos: number; readonly payload: string }
}

export interface MosquittoSequence {
  /** File, group and name. */
  readonly name: string
  readonly file: string
  readonly version: 3 | 4 | 5
  /** A CONNECT comes first. */
  readonly isConnected: boolean
  /** The broker must end the connection after it. */
  readonly isBad: boolean
  readonly steps: readonly MosquittoStep[]
}

const folder = path.join(import.meta.dirname, '../../../node_modules/.cache/mosquitto-data')

/** All of them, or why there are none. */
export function findMosquittoData(): readonly MosquittoSequence[] | string {
  if (!existsSync(path.join(folder, 'data'))) {
    const failure = fetchSource()
    if (failure !== undefined) return failure
  }
  const files = readdirSync(path.join(folder, 'data')).filter((name) => name.endsWith('.json'))
  return files.toSorted().flatMap(readFile)
}

/** The options of a test that needs them. */
export function skipWithout(found: readonly MosquittoSequence[] | string): {
  skip: string | false
} {
  if (typeof found !== 'string') return { skip: false }
  if (process.env['PABAL_REQUIRE_ALL'] === '1')
    throw new Error(`missing:  Mosquitto's test data: ${found}`)
  return { skip: `needs Mosquitto's source from apt: ${found}` }
}

interface DataFile {
  readonly group: string
  readonly ver?: 3 | 4 | 5
  readonly connect?: boolean
  readonly expect_disconnect?: boolean
  readonly disable?: boolean
  readonly tests: ReadonlyArray<{
    readonly name: string
    readonly ver?: 3 | 4 | 5
    readonly connect?: boolean
    readonly expect_disconnect?: boolean
    readonly msgs: ReadonlyArray<{
      readonly type: MosquittoStep['kind']
      readonly topic?: string
      readonly qos?: number
      readonly payload: string
    }>
  }>
}

function readFile(file: string): MosquittoSequence[] {
  const text = readFileSync(path.join(folder, 'data', file), 'utf8')
  const groups = (JSON.parse(text) as DataFile[]).filter(({ disable }) => disable !== true)
  return groups.flatMap((group) =>
    group.tests.map((test) => ({
      name: `${file} ${group.group} ${test.name}`,
      file,
      version: test.ver ?? group.ver ?? 4,
      isConnected: test.connect ?? group.connect ?? true,
      isBad: test.expect_disconnect ?? group.expect_disconnect ?? true,
      steps: test.msgs.map(({ type, payload, topic = '', qos = 0 }) =>
        type === 'publish'
          ? { kind: type, bytes: Buffer.alloc(0), message: { topic, qos, payload } }
          : { kind: type, bytes: parseBytes(payload) },
      ),
    })),
  )
}

/** Hex digits, and numbers and texts in the little language that newer releases write them in. */
function parseBytes(text: string): Buffer {
  const words = text.match(/'[^']*'|[^\s']+/gu) ?? []
  return Buffer.concat(words.map(parseWord))
}

function parseWord(word: string): Buffer {
  const number = Number(word.slice(1))
  if (word.startsWith("'")) return Buffer.from(word.slice(1, -1))
  if (word.startsWith('i')) return Buffer.from([number])
  if (/^[Hkms]/u.test(word)) return Buffer.from([number >>> 8, number])
  if (word.startsWith('L')) {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(number)
    return bytes
  }
  return /^[vr]/u.test(word) ? varint(number) : Buffer.from(word, 'hex')
}

/** Also of numbers that are too large for four bytes. */
function varint(number: number): Buffer {
  const bytes: number[] = []
  let rest = number
  do {
    const low = rest % 128
    rest = Math.floor(rest / 128)
    bytes.push(rest > 0 ? low + 128 : low)
  } while (rest > 0)
  return Buffer.from(bytes)
}

/** Undefined when the data are there. */
function fetchSource(): string | undefined {
  const mirror = debianMirror()
  if (mirror === undefined) return 'there is no apt with a mirror of Debian'
  mkdirSync(folder, { recursive: true })
  // Several test files look for it at the same time.
  const scratch = mkdtempSync(path.join(folder, 'apt-'))
  mkdirSync(path.join(scratch, 'lists/partial'), { recursive: true })
  // The source packages of a release have no such data yet.
  writeFileSync(path.join(scratch, 'sources.list'), `deb-src ${mirror} sid main\n`)
  const options = [
    `Dir::Etc::sourcelist=${scratch}/sources.list`,
    'Dir::Etc::sourceparts=-',
    `Dir::State::lists=${scratch}/lists`,
    `Dir::Cache=${scratch}`,
  ].flatMap((option) => ['-o', option])
  const updated = run('apt-get', [...options, 'update'], scratch)
  const source = ['source', '--download-only', 'mosquitto']
  const fetched = updated ?? run('apt-get', [...options, ...source], scratch)
  const failure = fetched ?? unpack(scratch)
  rmSync(scratch, { recursive: true, force: true })
  return failure
}

/** Where this machine's apt has Debian from. */
function debianMirror(): string | undefined {
  const format = ['--format', '$(REPO_URI) $(ORIGIN) $(SUITE)']
  const { stdout, error } = spawnSync('apt-get', ['indextargets', ...format], { encoding: 'utf8' })
  if (error !== undefined) return undefined
  const lines = stdout.split('\n').filter((line) => / Debian /u.test(line))
  return lines.find((line) => !/security|backports/u.test(line))?.split(' ')[0]
}

function unpack(scratch: string): string | undefined {
  const archive = readdirSync(scratch).find((name) => name.endsWith('.orig.tar.gz'))
  if (archive === undefined) return 'the source package has no archive'
  const into = ['-C', scratch, '--strip-components=3', '--wildcards', '*/test/broker/data/*.json']
  const failure = run('tar', ['xzf', path.join(scratch, archive), ...into], scratch)
  if (failure !== undefined) return failure
  try {
    renameSync(path.join(scratch, 'data'), path.join(folder, 'data'))
  } catch (error) {
    if (!existsSync(path.join(folder, 'data'))) throw error
  }
  return undefined
}

function run(program: string, args: readonly string[], cwd: string): string | undefined {
  const { status, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8', timeout: 120_000 })
  if (status === 0) return undefined
  const said = stderr?.trim().split('\n').at(-1)
  return `${program} failed${said ? `: ${said}` : ''}`
}
