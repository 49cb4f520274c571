// Calls that several suites begin with.

import { join } from 'node:path'
import type { SuiteCall } from './suite.ts'

const here: string = import.meta.dirname

/** Asks for Python with what a virtual environment needs. */
export const python: SuiteCall = { command: 'python3', args: ['-c', 'import venv, ensurepip'] }
/** Makes one, as `.venv`. */
export const makeVenv: SuiteCall = { command: 'python3', args: ['-m', 'venv', '.venv'] }

/** Installs into it. */
export function pip(...args: readonly string[]): SuiteCall {
  return { command: '.venv/bin/python', args: ['-m', 'pip', 'install', '--quiet', ...args] }
}

/** Runs tests in it. */
export function pytest(...args: readonly string[]): SuiteCall {
  return { command: '.venv/bin/python', args: ['-m', 'pytest', '-q', ...args] }
}

/** Builds a program in Go from its module. */
export function buildFromModule(...args: readonly string[]): SuiteCall {
  return { command: process.execPath, args: [join(here, 'build-from-module.ts'), ...args] }
}

/** Runs a line of the shell. */
export function sh(command: string): SuiteCall {
  return { command: 'sh', args: ['-c', command] }
}

/** Writes scripts as in Kafka's distribution into kafka/bin. */
export const writeKafkaScripts: SuiteCall = {
  command: process.execPath,
  args: [join(here, 'write-kafka-scripts.ts'), 'kafka'],
}

/** The PATH with programs before it that stand for others, in a folder beside this file. */
export function pathWith(folder: string): string {
  return `${join(here, folder)}:${process.env['PATH']}`
}
