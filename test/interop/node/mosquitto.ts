// mosquitto_pub and mosquitto_sub (libmosquitto from the command line) against an MQTT broker:
// node mosquitto.ts HOST:PORT PREFIX, with MQTT_VERSION=4 or 5.

import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { broker, prefix, range, sorted, step, until } from './report.ts'

const isVersion5: boolean = process.env['MQTT_VERSION'] !== '4'
const [host = '', port = ''] = broker.split(':')
const format = '%q\t%r\t%t\t%x\t%S'

function common(version: string, password = 'guest'): string[] {
  return ['-h', host, '-p', port, '-u', 'guest', '-P', password, '-V', version]
}

const versions = { now: isVersion5 ? '5' : '311', old: '31' }

/** One line of mosquitto_sub. */
interface Delivery {
  readonly qos: number
  readonly retain: boolean
  readonly topic: string
  readonly payload: Buffer
  /** Its subscription ids. */
  readonly ids: string
}

/** A running mosquitto_sub. */
class Subscriber implements AsyncDisposable {
  readonly #child: ChildProcess
  #output = ''

  private constructor(args: readonly string[], version: string) {
    // A pipe would be given its lines when 4 KiB of them are there; stdbuf becomes the program.
    const all = ['-oL', 'mosquitto_sub', ...common(version), '-d', '-F', format, ...args]
    this.#child = spawn('stdbuf', all, { stdio: ['ignore', 'pipe', 'pipe'] })
    const collect = (chunk: Buffer): void => {
      this.#output += chunk.toString()
    }
    this.#child.stdout?.on('data', collect)
    this.#child.stderr?.on('data', collect)
  }

  /** Until the broker has answered its subscription. */
  static async start(args: readonly string[], version: string = versions.now): Promise<Subscriber> {
    const found = new Subscriber(args, version)
    await until('subscribed', () => found.granted.length > 0)
    return found
  }

  get granted(): number[] {
    return (/^Subscribed \(mid: \d+\): (.*)$/m.exec(this.#output)?.[1] ?? '')
      .split(', ')
      .filter((text) => text !== '')
      .map(Number)
  }

  get connects(): number {
    return this.#output.split('received CONNACK (0)').length - 1
  }

  get isGone(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  get received(): Delivery[] {
    // A large message comes in several chunks: only whole lines count.
    return this.#output
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split('\t'))
      .filter((cells) => cells.length === 5)
      .map(([qos, retain, topic, payload, ids]) => ({
        qos: Number(qos),
        retain: retain === '1',
        topic: (topic ?? '').slice(prefix.length + 1),
        payload: Buffer.from(payload ?? '', 'hex'),
        ids: ids ?? '',
      }))
  }

  get payloads(): string[] {
    return this.received.map(({ payload }) => payload.toString())
  }

  get topics(): string[] {
    return this.received.map(({ topic }) => topic).toSorted()
  }

  wait(count: number): Promise<void> {
    return until(`${count} messages`, () => this.received.length >= count)
  }

  async gone(): Promise<void> {
    await until('gone', () => this.isGone)
  }

  /** SIGTERM makes it disconnect, SIGKILL not. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.isGone) return
    const gone = once(this.#child, 'exit')
    this.#child.kill(signal)
    await gone
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end()
  }
}

/** Arguments for a filter of this run. */
function on(filter: string, qos = 1): string[] {
  return ['-t', filter.startsWith('$') ? filter : `${prefix}/${filter}`, '-q', String(qos)]
}

/** Runs mosquitto_pub with `input` on its stdin. */
async function run(
  args: readonly string[],
  input = '',
): Promise<{ readonly code: number; readonly stderr: string }> {
  return new Promise((resolve) => {
    const child = execFile('mosquitto_pub', [...args], { timeout: 30_000 }, (error, _, stderr) =>
      resolve({ code: error ? 1 : 0, stderr }),
    )
    // It may be gone before it reads.
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })
}

/** Publishes with `args`. @throws Error with what it said when it fails. */
async function publish(topic: string, args: readonly string[], input = ''): Promise<void> {
  const all = [...common(versions.now), '-t', `${prefix}/${topic}`, ...args]
  const { code, stderr } = await run(all, input)
  if (code !== 0) throw new Error(`mosquitto_pub failed: ${stderr}`)
}

async function send(topic: string, payload: string, qos = 1): Promise<void> {
  await publish(topic, ['-q', String(qos), '-m', payload])
}

/** An empty payload clears what is retained. */
async function retain(topic: string, payload: string): Promise<void> {
  await publish(topic, ['-q', '1', '-r', ...(payload === '' ? ['-n'] : ['-m', payload])])
}

await step('MQTT 3.1', async () => {
  await using taker = await Subscriber.start(
    ['-i', `p${process.pid}-old`, ...on('old')],
    versions.old,
  )
  const sent = await run([...common(versions.old), '-t', `${prefix}/old`, '-q', '1', '-m', 'x'])
  await taker.wait(1)
  return { received: sent.code === 0 ? taker.received.length : sent.stderr }
})

for (const qos of [0, 1, 2])
  await step(`QoS ${qos}`, async () => {
    await using taker = await Subscriber.start(on(`qos/${qos}`, qos))
    const lines = range(100).map((n) => `${n}\n`)
    // libmosquitto 2.0.11 now and then stops when more are unfinished than the broker takes.
    for (const from of range(10).map((n) => n * 10)) {
      const some = lines.slice(from, from + 10)
      await publish(`qos/${qos}`, ['-q', String(qos), '-l'], some.join(''))
      await taker.wait(from + 10)
    }
    return summary(taker)
  })

/** Numbers rise within a QoS: the client shows one of QoS 2 when it is released. */
function summary({ received }: Subscriber): object {
  const byQos = Map.groupBy(received, ({ qos }) => qos)
  const rises = ({ payload }: Delivery, n: number, all: readonly Delivery[]): boolean =>
    n === 0 || Number(payload) > Number(all[n - 1]?.payload)
  return {
    received: received.length,
    inOrder: [...byQos.values()].every((deliveries) => deliveries.every(rises)),
    qos: sorted([...byQos.keys()]),
  }
}

await step('lower QoS', async () => {
  await using zero = await Subscriber.start(on('lower/0', 0))
  await using one = await Subscriber.start(on('lower/1', 1))
  for (const n of [0, 1]) await send(`lower/${n}`, 'x', 2)
  await zero.wait(1)
  await one.wait(1)
  return {
    granted: [zero, one].flatMap(({ granted }) => granted),
    received: [zero, one].flatMap(({ received }) => received.map(({ qos }) => qos)),
  }
})

await step('large payload', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'interop-'))
  await using taker = await Subscriber.start(on('large'))
  const payload = Buffer.alloc(921_600, 'large payload ')
  await writeFile(join(folder, 'payload'), payload)
  await publish('large', ['-q', '1', '-f', join(folder, 'payload')])
  await rm(folder, { recursive: true })
  await taker.wait(1)
  const [found] = taker.received
  return { bytes: found?.payload.length, same: found?.payload.equals(payload) }
})

await step('topic names', async () => {
  const names = ['ä b/日本', 'a.b/c', '/lead//']
  await using taker = await Subscriber.start(names.flatMap((name) => on(name)))
  for (const name of names) await send(name, 'x')
  await taker.wait(3)
  return { received: taker.topics }
})

await step('wildcards', async () => {
  await using taker = await Subscriber.start([...on('+/temp'), ...on('deep/#')])
  for (const name of ['x/temp', 'x/y/temp', 'deep', 'deep/a/b', 'deeper']) await send(name, 'x')
  await taker.wait(3)
  return { received: taker.topics }
})

await step('unsubscribe', async () => {
  const session = ['-i', `${prefix}-leaving`, '-c']
  const before = await Subscriber.start([...session, ...on('left')])
  await send('left', 'before')
  await before.wait(1)
  const received = before.payloads
  await before.end()
  // Its session goes on without the subscription.
  const again = await Subscriber.start([...session, '-U', `${prefix}/left`, ...on('left/end')])
  await send('left', 'after')
  await send('left/end', 'end')
  await again.wait(1)
  await again.end()
  return { received: [...received, ...again.payloads.filter((payload) => payload !== 'end')] }
})

await step('retained', async () => {
  await using live = await Subscriber.start(on('retained'))
  await retain('retained', 'kept')
  await live.wait(1)
  await using late = await Subscriber.start(on('retained'))
  await late.wait(1)
  await retain('retained', '')
  await using last = await Subscriber.start(on('retained'))
  await send('retained', 'end')
  await last.wait(1)
  const [stored] = late.received
  return {
    live: live.received[0]?.retain,
    stored: stored?.retain,
    qos: stored?.qos,
    cleared: last.received.length - 1,
  }
})

await step('retained by wildcard', async () => {
  const names = ['room/1', 'room/2', 'hall/1']
  for (const name of names) await retain(name, 'x')
  await using taker = await Subscriber.start(on('room/+'))
  await taker.wait(2)
  const received = taker.topics
  for (const name of names) await retain(name, '')
  return { received }
})

const will = ['--will-topic', `${prefix}/will`, '--will-payload', 'gone', '--will-qos', '1']

await step('will', async () => {
  await using taker = await Subscriber.start(on('will'))
  const dying = await Subscriber.start([...will, ...on('elsewhere')])
  await dying.end('SIGKILL')
  await taker.wait(1)
  const [found] = taker.received
  return { payload: found?.payload.toString(), qos: found?.qos, retain: found?.retain }
})

await step('no will after disconnect', async () => {
  await using taker = await Subscriber.start(on('will'))
  // It leaves by itself after one message; at a signal, MQTT 5 leaves the will to be sent.
  const leaving = await Subscriber.start([...will, ...on('elsewhere'), '-C', '1'])
  await send('elsewhere', 'x')
  await leaving.gone()
  await send('will', 'end')
  await taker.wait(1)
  return { received: taker.payloads }
})

await step('offline messages', async () => {
  const session = ['-i', `${prefix}-offline`, '-c', ...on('offline', 2)]
  await (await Subscriber.start(session)).end()
  for (const n of range(20)) await send('offline', String(n), n % 2 === 0 ? 1 : 2)
  // The client does not show the flag: what came before a subscription does.
  await using again = await Subscriber.start(session)
  await again.wait(20)
  return { sessionPresent: again.received.length === 20, ...summary(again) }
})

await step('clean session', async () => {
  const id = ['-i', `${prefix}-cleaned`, ...on('cleaned')]
  await (await Subscriber.start([...id, '-c'])).end()
  await send('cleaned', 'old')
  await using clean = await Subscriber.start(id)
  await send('cleaned', 'new')
  await clean.wait(1)
  return { sessionPresent: clean.payloads.includes('old'), received: clean.payloads }
})

await step('take over', async () => {
  const twin = ['-i', `${prefix}-twin`, ...on('twin')]
  await using first = await Subscriber.start(twin)
  await using second = await Subscriber.start(twin)
  // Told why (MQTT 5) it ends, else it connects again a second later.
  await until('closed', () => first.isGone || first.connects > 1)
  // Both may connect again and again by now, and SIGTERM means nothing to one that is not connected.
  for (const each of [first, second]) await each.end('SIGKILL')
  return { closed: second.granted.length > 0 }
})

await step('refused login', async () => {
  const { stderr } = await run([...common(versions.now, 'wrong'), '-t', prefix, '-m', 'x'])
  return { refused: /not authori[sz]ed|bad user name|Bad username/i.test(stderr) }
})

if (isVersion5) {
  await step('subscription id', async () => {
    await using taker = await Subscriber.start([
      ...on('id'),
      ...'-D subscribe subscription-identifier 7'.split(' '),
    ])
    await send('id', 'x')
    await taker.wait(1)
    return { ids: [Number(taker.received[0]?.ids)] }
  })

  await step('retain as published', async () => {
    await using taker = await Subscriber.start([...on('as-published'), '--retain-as-published'])
    await retain('as-published', 'x')
    await taker.wait(1)
    await retain('as-published', '')
    return { live: taker.received[0]?.retain }
  })

  await step('will after disconnect', async () => {
    await using taker = await Subscriber.start(on('left'))
    const last = ['--will-topic', `${prefix}/left`, '--will-payload', 'left', '--will-qos', '1']
    const leaving = await Subscriber.start([...last, ...on('elsewhere')])
    await leaving.end('SIGTERM')
    await taker.wait(1)
    return { received: taker.payloads }
  })

  await step('session expiry', async () => {
    const isKept = async (expiry: number): Promise<boolean> => {
      const session = ['-i', `${prefix}-expiry-${expiry}`, '-c', '-x', String(expiry)]
      await (await Subscriber.start([...session, ...on('expiry')])).end()
      await send('expiry', 'kept')
      await using again = await Subscriber.start([...session, ...on('expiry')])
      await send('expiry', 'end')
      await until('the end', () => again.payloads.includes('end'))
      return again.payloads.includes('kept')
    }
    return { kept: await isKept(600), ended: await isKept(0) }
  })
}
