// Damaged requests to the management API on a local socket, as `pabal policy` and `pabal queue` send them whole. Each must
// be answered, or its connection closed, and none may be a fault of the broker's.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type HttpServer, openHttpServer } from '../../src/admin/http-server.ts'
import { AccessKeeper } from '../../src/broker/access-keeper.ts'
import type { Broker } from '../../src/broker/broker.ts'
import { ClientRegistry } from '../../src/broker/client/client-registry.ts'
import { Statistics } from '../../src/broker/statistics/statistics.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { Random } from '../../src/lib/random.ts'
import { type LocalListener, openLocalListener } from '../../src/server/local-listener.ts'
import { statusOf } from '../support/broker-status.ts'
import { within } from '../support/wait-for.ts'

const answerMsMax = 5000
const kinds = ['policies', 'operator-policies']
const names = ['fz-a', 'fz-b', 'fz-c']

/** Values of keys that queues of the fuzzed connections feel; the innocent client's have other names. */
const definitions: readonly Readonly<Record<string, unknown>>[] = [
  { 'message-ttl': 1 },
  { 'message-ttl': 0, 'max-length': 2 },
  { expires: 20 },
  { 'max-length': 1, overflow: 'reject-publish' },
  { 'max-length-bytes': 400, overflow: 'drop-head' },
  { 'dead-letter-exchange': '', 'dead-letter-routing-key': 'fz-quorum' },
  { 'dead-letter-exchange': 'amq.fanout', 'delivery-limit': 1 },
  { 'delayed-retry-type': 'all', 'delayed-retry-min': 3, 'delayed-retry-max': 9 },
  { 'retention-ms': 60_000 },
  { 'retention-bytes': 300, 'max-publish-rate': 3000 },
]
const harmless: readonly Readonly<Record<string, unknown>>[] = [{ 'alternate-exchange': 'fz-none' }]
const paths = ['/api/policies/%2F/..', '/api/policies/%ff/x', '/api/policies/no/x', '/api//', '*']
const methods = ['POST', 'PATCH', 'HEAD', 'OPTIONS', 'put', 'GET']
const values = ['null', '-1', '1e999', '9007199254740993', '"text"', '{}', '[]', '""', 'true']

interface Parts {
  readonly folder: string
  readonly server: HttpServer
  readonly listener: LocalListener
  readonly faults: readonly Error[]
}

export class PolicyFuzz implements AsyncDisposable {
  readonly #broker: Broker
  readonly #parts: Parts

  private constructor(broker: Broker, parts: Parts) {
    this.#broker = broker
    this.#parts = parts
  }

  static async open(broker: Broker): Promise<PolicyFuzz> {
    const folder = mkdtempSync(join(tmpdir(), 'pabal-fuzz-'))
    const faults: Error[] = []
    const clients = new ClientRegistry(systemClock)
    const source = { status: () => statusOf('ready') }
    const server = openHttpServer({
      source,
      clients,
      isOwner: true,
      management: {
        broker,
        clients,
        statistics: new Statistics({ broker, clients, clock: systemClock }),
        source,
        keeper: new AccessKeeper({ broker, clients, settingsVHosts: [] }),
      },
      onFault: (error) => faults.push(error),
    })
    const onAcceptProblem = (reason: string): void => assert.fail(reason)
    const onSocket = server.accept
    const listener = await openLocalListener({ folder, onSocket, onAcceptProblem })
    return new PolicyFuzz(broker, { folder, server, listener, faults })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { listener, server, folder } = this.#parts
    listener.close()
    await server.close()
    rmSync(folder, { recursive: true })
  }

  /** Sends some requests, one after the other. Returns the status of each; 0 for a closed connection. */
  async run(random: Random): Promise<number[]> {
    const statuses: number[] = []
    for (let left = random.below(5); left > 0; left--) {
      const status = await this.#ask(makeRequest(random), random)
      assert.ok(status < 500, `a request was answered with ${status}`)
      statuses.push(status)
    }
    assert.deepEqual(this.#parts.faults, [], 'faults of the management API')
    return statuses
  }

  /** Deletes what the requests left. */
  async clear(): Promise<void> {
    const vhost = this.#broker.getVHost('/')
    for (const isOperator of [false, true]) {
      for (const { name } of vhost.policies.list(isOperator)) {
        await this.#broker.policiesOf(vhost).delete(isOperator, name)
      }
    }
  }

  async #ask({ bytes, isOpen }: Request, random: Random): Promise<number> {
    const socket = connect(this.#parts.listener.path)
    const { promise, resolve } = Promise.withResolvers<number>()
    let answer = ''
    socket.setEncoding('latin1').on('data', (text: string) => (answer += text))
    socket.on('error', () => {})
    socket.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0)))
    const cut = random.below(bytes.length)
    socket.write(bytes.subarray(0, cut))
    socket.write(bytes.subarray(cut))
    // The server forgets what it has not answered when the client ends.
    if (isOpen) socket.end()
    return within('a request is answered or its connection closed', promise, answerMsMax)
  }
}

interface Request {
  readonly bytes: Buffer
  /** It may promise more than it has, and so is never answered. */
  readonly isOpen: boolean
}

/** Damage of what has no effect on queues may be anywhere; of the rest it leaves the pattern alone. */
function makeRequest(random: Random): Request {
  if (random.below(4) === 0) return makeRewind(random)
  const isHarmless = random.below(2) === 0
  const definition = pick(random, isHarmless ? harmless : definitions)
  const path = `/api/${pick(random, kinds)}/%2F/${pick(random, names)}`
  const method = pick(random, ['PUT', 'PUT', 'PUT', 'DELETE', 'GET'])
  const text = JSON.stringify(definition)
  const kind = random.below(5)
  if (isHarmless) {
    const order = { pattern: '^fz-', 'apply-to': 'exchanges', priority: random.below(4) }
    const body = JSON.stringify({ ...order, definition })
    if (kind === 0) return whole(method, pick(random, paths), body)
    if (kind === 1) return whole(pick(random, methods), path, body)
    const request = whole(method, path, body)
    if (kind === 2) return { bytes: flip(request.bytes, random), isOpen: true }
    return kind === 3 ? { bytes: cut(request.bytes, random), isOpen: true } : request
  }
  const damaged =
    kind === 0
      ? flip(Buffer.from(text), random).toString()
      : kind === 1
        ? text.replace(/:("[^"]*"|\d+)/, `:${pick(random, values)}`)
        : kind === 2
          ? text.slice(0, random.below(text.length))
          : text
  return whole(method, path, `{"pattern":"^fz-","apply-to":"queues","definition":${damaged}}`)
}

/** Of queues that keep what was acked, and of others. */
function makeRewind(random: Random): Request {
  const queue = pick(random, [
    'fz-kept',
    'fz-kept',
    'fz-durable',
    'fz-source',
    'fz-stream',
    'fz-no',
  ])
  const place = pick(random, ['"offset":0', '"offset":3', '"offset":9007199254740991', '"time":0'])
  const damaged = pick(random, ['"offset":-1', '"time":1.5', '"offset":0,"time":0', '"offset":"a"'])
  const body = `{${random.below(4) === 0 ? damaged : place}}`
  return whole('POST', `/api/queues/%2F/${queue}/rewind`, body)
}

function whole(method: string, path: string, body: string): Request {
  const head = `${method} ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n`
  const content = `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}`
  return { bytes: Buffer.from(`${head}${content}\r\n\r\n${body}`), isOpen: false }
}

function flip(bytes: Buffer, random: Random): Buffer {
  const copy = Buffer.from(bytes)
  for (let left = 1 + random.below(3); left > 0; left--) {
    copy[random.below(copy.length)]! ^= 1 << random.below(8)
  }
  return copy
}

function cut(bytes: Buffer, random: Random): Buffer {
  const from = random.below(bytes.length)
  return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + 1 + random.below(9))])
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[random.below(from.length)] as T
}
