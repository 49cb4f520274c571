import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CellVHosts } from './cell-vhosts.ts'

class Shared {
  readonly vhosts: Map<string, number> = new Map([
    ['a', 3],
    ['b', 3],
    ['other', 1],
  ])
  readonly removed: string[] = []
  writing: Promise<void> = Promise.resolve()

  async placeVHost(name: string, cell = 0): Promise<number | undefined> {
    const placed = this.vhosts.get(name) ?? cell
    this.vhosts.set(name, placed)
    return placed
  }

  async removeVHost(name: string): Promise<void> {
    await this.writing
    this.vhosts.delete(name)
    this.removed.push(name)
  }
}

test('a virtual host that is being deleted is not there again before the cluster has forgotten it', async () => {
  const shared = new Shared()
  const vhosts = new CellVHosts({ shared, cell: 3 })
  assert.deepEqual(vhosts.names, ['a', 'b'])
  const deleted = Promise.withResolvers<void>()
  const written = Promise.withResolvers<void>()
  shared.writing = written.promise
  const removing = vhosts.remove('a', deleted.promise)
  assert.deepEqual(vhosts.names, ['b'])
  deleted.resolve()
  await deleted.promise
  assert.deepEqual(vhosts.names, ['b'], 'the cluster still has it')
  written.resolve()
  await removing
  assert.deepEqual([shared.removed, vhosts.names], [['a'], ['b']])
})

test('a virtual host that is made while it is deleted keeps its place', async () => {
  const shared = new Shared()
  const vhosts = new CellVHosts({ shared, cell: 3 })
  const deleted = Promise.withResolvers<void>()
  const removing = vhosts.remove('a', deleted.promise)
  const placing = vhosts.place('a')
  deleted.resolve()
  await Promise.all([removing, placing])
  assert.equal(shared.vhosts.get('a'), 3)
  assert.deepEqual(vhosts.names.toSorted(), ['a', 'b'])
})

test('a virtual host is not made in a cell when another one has it, or when its deletion failed', async () => {
  const shared = new Shared()
  const vhosts = new CellVHosts({ shared, cell: 3 })
  await assert.rejects(vhosts.place('other'), /it is in cell 1/)
  const failed = vhosts.remove('a', Promise.reject(new Error('closed')))
  const placing = vhosts.place('a')
  await assert.rejects(failed, /closed/)
  await placing
  assert.deepEqual(vhosts.names, ['a', 'b'])
})
