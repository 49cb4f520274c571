// Groups of slow tests that take turns in CI, by the number of the commit. What a commit changes in the sources of a
// group has that group run as well. Whoever runs all tests by hand runs all groups.
import { execFileSync } from 'node:child_process'
import { commitNumber } from '../test/interop/frameworks/commit-number.ts'

export interface TestGroup {
  readonly name: string
  /** Globs of its tests, and of those that run with every commit all the same. */
  readonly patterns: readonly string[]
  readonly always: readonly string[]
  /** Beginnings of the paths whose changes it is about. */
  readonly sources: readonly string[]
  readonly testCountMin: number
}

export const testGroups: readonly TestGroup[] = [
  {
    name: 'cluster',
    patterns: ['test/cluster/*.test.ts'],
    // Cells in one process, their tables in PostgreSQL; test/interop has both protocols' clients at three nodes.
    always: [
      'test/cluster/{fenced-broker,frozen-broker,memory-cells}.test.ts',
      'test/cluster/postgres-{shared,table,tls}.test.ts',
    ],
    sources: [
      'src/cluster/',
      'src/log/cluster/',
      'src/node/',
      'src/broker/spread/',
      'src/broker/transaction/',
      'src/server/node-link/',
      'src/cli/cluster-',
      'src/s3-double/',
      'test/cluster/',
      'test/nemesis/',
    ],
    testCountMin: 35,
  },
  {
    name: 'ui',
    patterns: ['test/ui/*.test.ts'],
    // Every page is opened, and how much they load is counted.
    always: ['test/ui/{budget,shell}.test.ts'],
    sources: ['ui/', 'test/ui/'],
    testCountMin: 95,
  },
  {
    name: 'programs',
    patterns: ['test/interop/{frameworks,moving}/*.test.ts'],
    always: [],
    sources: ['test/interop/'],
    testCountMin: 45,
  },
]

export interface Turn {
  /** `turn`, or what else means all. */
  readonly wanted: string | undefined
  readonly commit: number
  /** Paths that the commit changes; undefined where nobody knows. */
  readonly changed: readonly string[] | undefined
}

/** Groups that run. */
export function chooseGroups({ wanted, commit, changed }: Turn): readonly TestGroup[] {
  if (wanted !== 'turn' || changed === undefined) return testGroups
  // Other bits than those by which languages and frameworks take turns.
  const inTurn = testGroups[Math.floor(commit / 0x1_00_00) % testGroups.length]
  const isTouched = ({ sources }: TestGroup): boolean =>
    changed.some((path) => sources.some((source) => path.startsWith(source)))
  return testGroups.filter((group) => group === inTurn || isTouched(group))
}

/** Those of this clone's commit, as PABAL_TEST_TURNS has them. */
export function groupsToRun(): readonly TestGroup[] {
  const wanted = process.env['PABAL_TEST_TURNS']
  if (wanted !== 'turn') return testGroups
  return chooseGroups({ wanted, commit: commitNumber(), changed: changedPaths() })
}

/** Of a merge all that it brings. */
function changedPaths(): readonly string[] | undefined {
  try {
    const names = ['diff', '--name-only', 'HEAD^1', 'HEAD']
    const text = execFileSync('git', names, { cwd: import.meta.dirname, encoding: 'utf8' })
    return text.split('\n').filter(Boolean)
  } catch {
    // A clone without history, or the first commit.
    return undefined
  }
}
