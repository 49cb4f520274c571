// `pabal drain` and `pabal revive`: the running broker without clients, and with them again.
import { exitCodes } from '../lib/exit-codes.ts'
import { refusal } from './refusal.ts'
import type { AddCommand, AskBroker } from './remote-command.ts'

const segments = ['v1', 'maintenance'] as const

export const addDrainCommand: AddCommand = (command, remote) => {
  remote(command, '', { ask: () => change('PUT', 'The broker has no clients and lets none in') })
}

export const addReviveCommand: AddCommand = (command, remote) => {
  remote(command, '', { ask: () => change('DELETE', 'The broker lets clients in') })
}

function change(method: 'PUT' | 'DELETE', done: string): AskBroker {
  return async (broker, { print }) => {
    const answer = await broker.ask(method, segments)
    if (answer.status >= 300) throw refusal(answer, 'nothing was changed')
    print(done)
    return exitCodes.ok
  }
}
