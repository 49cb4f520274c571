// Which languages have their turn.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseClients } from './clients.ts'
import { choiceOfTurn } from './interop-choice.ts'

test('two commits in a row of turns run every client but those in Rust', () => {
  const chosen = new Set([0, 1].flatMap((commit) => chooseClients(choiceOfTurn(commit))))
  assert.deepEqual(chosen, new Set(chooseClients('all')))
})
