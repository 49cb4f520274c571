// A time without clients: see `node/maintenance.ts`.
import { z } from 'zod'
import type { ClientRegistry } from '../../broker/client/client-registry.ts'
import { ExitError } from '../../lib/exit-error.ts'
import { type Operation, operation } from '../api/operation.ts'

/** What keeps clients out of a node and lets them in again. */
export interface MaintenanceControl {
  readonly isOn: boolean
  /** Resolves when all clients have gone. */
  drain(): Promise<void>
  revive(): Promise<void>
}

const reason = 'Node was put into maintenance mode'
const path = '/v1/maintenance'
const tag = 'Maintenance'
const state = z.object({ maintenance: z.boolean() })

export function drainOperations(
  control: MaintenanceControl,
  clients: Pick<ClientRegistry, 'receivers'>,
): Operation[] {
  return [
    operation({
      method: 'get',
      path,
      where: 'node',
      tag,
      summary: 'Whether clients are kept out',
      access: 'monitoring',
      answers: { 200: state },
      handle: () => ({ maintenance: control.isOn }),
    }),
    operation({
      method: 'put',
      path,
      where: 'node',
      tag,
      summary: 'Let no clients in, send away who is there, and answer when they have gone',
      access: 'administrator',
      answers: { 204: 'The broker has no clients' },
      async handle({ context }) {
        await control.drain()
        for (const receiver of clients.receivers) receiver.close(reason)
        return context.body(null, 204)
      },
    }),
    operation({
      method: 'delete',
      path,
      where: 'node',
      tag,
      summary: 'Let clients in again',
      access: 'administrator',
      answers: { 204: 'All ports are open', 409: 'Another program has a port meanwhile' },
      async handle({ context }) {
        try {
          await control.revive()
        } catch (error) {
          if (!(error instanceof ExitError)) throw error
          return context.json({ error: 'port_not_open', reason: error.message }, 409)
        }
        return context.body(null, 204)
      },
    }),
  ]
}
