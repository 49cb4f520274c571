// Where Chromium is on this machine: the tests of the UI run in the system's own.
import { existsSync } from 'node:fs'

const usualPlaces = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/snap/bin/chromium',
  '/opt/homebrew/bin/chromium',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** Undefined where there is none; `PABAL_CHROMIUM` names another. */
export function findChromium(): string | undefined {
  const { PABAL_CHROMIUM: named } = process.env
  return [...(named === undefined ? [] : [named]), ...usualPlaces].find((file) => existsSync(file))
}

/** Why the tests of the UI cannot run, for `skip`; false when they can. */
export const noChromium: string | false =
  findChromium() === undefined &&
  'there is no Chromium: install the package chromium, or name one with PABAL_CHROMIUM'
