import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findSystem } from '../systems/all-systems.ts'
import { amqpPortOf } from '../systems/ports.ts'
import { processMemory } from '../systems/process-memory.ts'

export type Usage = {
  /** Resident memory, or, in this process, what the garbage collector leaves. In MB (10⁶ bytes). */
  readonly megabytes: number
  /** Open files and sockets. */
  readonly handles: number
}

/** A broker under soak. */
export interface SoakTarget extends AsyncDisposable {
  readonly port: number
  usage(): Usage
}

/** Pabal as a process of its own, on files. */
export async function startSoakProcess(durability: string): Promise<SoakTarget> {
  const folder = mkdtempSync(join(process.env['PABAL_SOAK_FOLDER'] ?? tmpdir(), 'pabal-soak-'))
  const broker = await findSystem(durability === 'os' ? 'pabal-os' : 'pabal').start(folder)
  return {
    port: amqpPortOf(broker),
    usage: () => ({
      megabytes: processMemory(broker.pid).residentMb,
      handles: readdirSync(`/proc/${broker.pid}/fd`).length,
    }),
    async [Symbol.asyncDispose]() {
      await broker.stop('SIGTERM')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
