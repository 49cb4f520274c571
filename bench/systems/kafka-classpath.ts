import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

const ROOT: string = join(import.meta.dirname, '..', '..')
const POM: string = join(ROOT, 'bench', 'kafka', 'pom.xml')
const CACHE: string = join(ROOT, '.cache', 'bench')

/**
 * Class path of Kafka's broker and tools as Maven resolves them; downloads what is missing. Throws
 * with a text for people when Java or Maven is not there.
 */
export function kafkaClasspath(): string {
  const file = join(CACHE, 'kafka-classpath')
  if (!existsSync(file) || statSync(file).mtimeMs < statSync(POM).mtimeMs) resolve(file)
  return readFileSync(file, 'utf8').trim()
}

/** Of the broker's artifact, and of Java. */
export function kafkaVersion(): string {
  const kafka = /kafka_2.13-([\d.]+)\.jar/.exec(kafkaClasspath())?.[1]
  const { stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' })
  return `Kafka ${kafka ?? 'unknown'}, Java ${/"(.*?)"/.exec(stderr)?.[1] ?? 'unknown'}`
}

function resolve(file: string): void {
  if (!runs('java', '-version')) throw new Error(missing('Java 17 or newer'))
  if (!runs('mvn', '-version')) throw new Error(missing('Maven'))
  mkdirSync(CACHE, { recursive: true })
  // Maven leaves a file alone whose content would not change, and so its time.
  rmSync(file, { force: true })
  process.stderr.write('resolving Kafka with Maven\n')
  const goal = ['dependency:build-classpath', `-Dmdep.outputFile=${file}`]
  const { status, stdout } = spawnSync('mvn', ['-q', '-B', '-f', POM, ...goal], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`Maven could not resolve Kafka:\n${stdout}`)
}

function runs(command: string, versionFlag: string): boolean {
  return spawnSync(command, [versionFlag]).status === 0
}

function missing(what: string): string {
  return `Kafka needs ${what}. On Debian: apt-get install openjdk-17-jdk-headless maven; or leave Kafka out with --systems`
}
