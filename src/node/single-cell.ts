// A node without a cluster: one cell, whose data folder is on the machine's own disk, or in memory.
import path from 'node:path'
import { Cell } from '../cell/cell.ts'
import type { StorageKind } from '../cell/storage.ts'
import { cellOptionsOf } from './cell-options.ts'
import { type LentParts, lendParts } from './lend-parts.ts'
import { listenerPartsOf } from './listener-parts.ts'
import type { DefinitionsFile } from './load-definitions.ts'
import type { OpenedProtocol } from './maintenance.ts'
import { openLocal } from './open-local.ts'
import type { ProtocolParts, ProtocolServer } from './protocol-server.ts'
import { openServices, protocols } from './services.ts'
import type { Serving, ServingParts } from './serving.ts'

export interface SingleCellStorage {
  readonly storage: StorageKind
  readonly syncDelayMs: number
}

export class SingleCell implements Serving {
  cell: Cell | undefined
  readonly #parts: ServingParts
  readonly #storage: SingleCellStorage
  readonly #servers: ProtocolServer[] = []
  #lent: LentParts | undefined

  constructor(parts: ServingParts, storage: SingleCellStorage) {
    this.#parts = parts
    this.#storage = storage
  }

  async open(): Promise<void> {
    const { frame, stack } = this.#parts
    const definitions = await this.#readDefinitions()
    const cell = await this.#openCell()
    const { memory } = frame
    stack.defer(memory.guard(cell.broker))
    cell.groups.limitMemory(memory.groupsSizeMax)
    const users = frame.createUsers(
      { access: cell.broker.access, secret: cell.secret, tokens: await frame.openTokens() },
      stack,
    )
    cell.begin()
    this.#lent = lendParts(frame, { cell, users }, stack)
    const { parts } = this.#lent
    frame.maintenance.onTurned = (isOn) => {
      if (isOn) parts.streams.endAll('the broker is put into maintenance')
      else parts.streams.reopen()
    }
    if (definitions !== undefined) {
      const { loadDefinitions } = await import('./load-definitions.ts')
      await loadDefinitions(parts, definitions)
    }
    const opened = await this.#openProtocols(parts)
    // No group may lose a member because its connection is closed.
    stack.defer(() => cell.rest())
    await frame.maintenance.open(opened, listenerPartsOf(frame))
    if (this.#storage.storage === 'file') await this.#openLocal(parts)
  }

  prepare(): void {
    for (const server of this.#servers) void server.prepare?.()
  }

  async endDemo(): Promise<void> {
    await (await this.#lent?.demo())?.close()
  }

  endStreams(reason: string): void {
    this.#lent?.parts.streams.endAll(reason)
  }

  async #readDefinitions(): Promise<DefinitionsFile | undefined> {
    const { definitions: file } = this.#parts.frame.options
    if (file === undefined) return undefined
    const { readDefinitions } = await import('./load-definitions.ts')
    return readDefinitions(file)
  }

  async #openCell(): Promise<Cell> {
    const { frame, stack, fail } = this.#parts
    const { storage: kind, syncDelayMs } = this.#storage
    const { options, clock, random, turn, logger, batchWorker } = frame
    const cellOptions = { ...cellOptionsOf(options), kind, syncDelayMs, data: options.data }
    const lent = { clock, random, turn, logger, batchWorker, onFailed: fail }
    const cell = stack.use(await Cell.open(cellOptions, lent))
    stack.defer(() => batchWorker.close())
    this.cell = cell
    return cell
  }

  async #openProtocols(parts: ProtocolParts): Promise<OpenedProtocol[]> {
    const opened: OpenedProtocol[] = []
    for (const protocol of protocols) {
      const services = openServices(protocol, parts.options)
      if (services.length === 0 || protocol.open === undefined) continue
      const { webSockets } = this.#parts.frame
      const server = webSockets.offer(protocol.services, await protocol.open(parts))
      const stack = protocol.outlivesOthers === true ? this.#parts.lastStack : this.#parts.stack
      this.#servers.push(stack.use(server))
      opened.push({ server, services, stack })
    }
    return opened
  }

  async #openLocal(parts: ProtocolParts): Promise<void> {
    const { frame, stack } = this.#parts
    const folder = path.resolve(frame.options.data)
    stack.use(await openLocal(folder, parts, frame.doors.openLocalListener))
  }
}
