// `pabal drain` and `pabal revive`: the running broker without clients, and with them again.
import type { Command } from 'commander'
import { exitCodes } from '../lib/exit-codes.ts'
import { refusal } from './refusal.ts'
import type { AskBroker, DefineRemote } from './remote-command.ts'

const segments = ['v1', 'maintenance'] as const

export function addMaintenanceCommands(program: Command, define: DefineRemote): void {
  define(program, 'drain', {
    summary: 'Send all clients away and let none in, until revive or a restart',
    ask: () => change('PUT', 'The broker has no clients and lets none in'),
  })
  define(program, 'revive', {
    summary: 'Let clients in again',
    ask: () => change('DELETE', 'The broker lets clients in'),
  })
}

function change(method: 'PUT' | 'DELETE', done: string): AskBroker {
  return async (broker, print) => {
    const answer = await broker.ask(method, segments)
    if (answer.status >= 300) throw refusal(answer, 'nothing was changed')
    print(done)
    return exitCodes.ok
  }
}
