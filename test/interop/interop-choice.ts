// What of test/interop runs: what PABAL_INTEROP names, or, with the word `turn`, what is light and one of the
// heavy languages by the number of the commit.
import { describe } from 'node:test'
import { commitNumber } from './frameworks/commit-number.ts'

const light = ['node', 'python', 'c'] as const
const heavy = ['java', 'go'] as const
const asked: string = process.env['PABAL_INTEROP'] ?? ''
const isTurn: boolean = asked === 'turn'

/** As `chooseClients` takes it; empty when nobody asked. */
export const interopChoice: string = isTurn ? choiceOfTurn(commitNumber()) : asked

/** Each heavy language has every second commit. */
export function choiceOfTurn(commit: number): string {
  return [...light, heavy[commit % heavy.length]].join(',')
}

/** Whether another language has its turn: then tests of this one are not there, as nothing is missing. */
export function isOthersTurn(language: string): boolean {
  return isTurn && heavy.some((each) => each === language) && !interopChoice.includes(language)
}

/**
 * `describe` for what runs with a language, or when it is asked for by its own name. Where it is not asked for it is
 * skipped; where it is not its turn it is not there, as nothing is missing.
 */
export function describeInterop(
  name: string,
  { language, own }: { readonly language: 'java' | 'go'; readonly own: string },
  body: () => void,
): void {
  const words = interopChoice.split(',')
  if (['all', language, own].some((word) => words.includes(word))) describe(name, body)
  else if (!isOthersTurn(language))
    describe(name, { skip: `PABAL_INTEROP names no ${language}` }, body)
}
