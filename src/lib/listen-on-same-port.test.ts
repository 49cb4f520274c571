import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Bound, listenOnSamePort } from './listen-on-same-port.ts'

/** A machine whose free ports are counted up, with some taken and some hosts missing. */
class Machine {
  readonly open = new Set<string>()
  readonly missing: string[] = []
  readonly #taken: ReadonlySet<string>
  readonly #hosts: ReadonlySet<string>
  #nextPort = 1

  constructor(hosts: readonly string[], taken: readonly string[] = []) {
    this.#hosts = new Set(hosts)
    this.#taken = new Set(taken)
  }

  async listen(hosts: readonly [string, ...string[]], port: number): Promise<string[]> {
    const bound = await listenOnSamePort({
      hosts,
      port,
      listen: (host, wanted) => this.#bind(host, wanted),
      onMissing: (host) => this.missing.push(host),
    })
    return bound.map(({ address }) => `${address.host} ${address.port}`)
  }

  async #bind(host: string, wanted: number): Promise<Bound> {
    const port = wanted === 0 ? this.#nextPort++ : wanted
    const name = `${host} ${port}`
    if (!this.#hosts.has(host)) throw failure('EADDRNOTAVAIL')
    if (this.#taken.has(name) || this.open.has(name)) throw failure('EADDRINUSE')
    this.open.add(name)
    return { address: { host, port }, close: () => this.open.delete(name) }
  }
}

function failure(code: string): Error {
  return new Error('cannot listen', { cause: Object.assign(new Error(code), { code }) })
}

test('all hosts get the port that was free on the first', async () => {
  const machine = new Machine(['four', 'six'])
  assert.deepEqual(await machine.listen(['four', 'six'], 0), ['four 1', 'six 1'])
  assert.deepEqual(machine.missing, [])
})

test('a port that is taken on another host is given back and the next one tried', async () => {
  const machine = new Machine(['four', 'six'], ['six 1', 'six 2'])
  assert.deepEqual(await machine.listen(['four', 'six'], 0), ['four 3', 'six 3'])
  assert.deepEqual([...machine.open], ['four 3', 'six 3'])
})

test('a port that was asked for has to be free on all hosts', async () => {
  const machine = new Machine(['four', 'six'], ['six 7'])
  await assert.rejects(machine.listen(['four', 'six'], 7), /cannot listen/)
  assert.deepEqual([...machine.open], [])
})

test('a further host that the machine does not have is told and left out', async () => {
  const machine = new Machine(['four'])
  assert.deepEqual(await machine.listen(['four', 'six'], 7), ['four 7'])
  assert.deepEqual(machine.missing, ['six'])
})

test('the first host has to be there', async () => {
  const machine = new Machine(['six'])
  await assert.rejects(machine.listen(['four', 'six'], 7), /cannot listen/)
  assert.deepEqual(machine.missing, [])
})

test('it gives up when no port is free on all hosts', async () => {
  const taken = Array.from({ length: 100 }, (_, index) => `six ${index}`)
  const machine = new Machine(['four', 'six'], taken)
  await assert.rejects(machine.listen(['four', 'six'], 0), /cannot listen/)
  assert.deepEqual([...machine.open], [])
})
