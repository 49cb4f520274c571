// The frameworks of test/interop/frameworks: how their programs are prepared, and what each step must
// show. Those of AMQP are proven against RabbitMQ 3.10 with PABAL_TEST_AMQP.

import type { Framework } from './framework.ts'
import { bootSteps, cloudStreamSteps } from './java/spring-steps.ts'
import { kafkaPrograms } from './kafka/kafka-programs.ts'
import { golevelupSteps, moleculerSteps, nestSteps, rascalSteps } from './node/node-steps.ts'
import { symfonySteps } from './php/symfony-steps.ts'
import {
  findSymfony,
  prepareFrameworkInJava,
  prepareFrameworkInNode,
  prepareFrameworkInPython,
} from './prepare-framework.ts'
import { celerySteps, dramatiqSteps, fastStreamSteps, taskiqSteps } from './python/python-steps.ts'

const light = { protocol: 'amqp', lacking: {}, isHeavy: false } as const
const heavy = { protocol: 'amqp', lacking: {}, isHeavy: true } as const

/** Every framework, in the order of the table. */
export const frameworks: readonly Framework[] = [
  {
    ...light,
    name: 'Celery',
    language: 'Python',
    version: '5.7.0',
    steps: celerySteps,
    prepare: () => prepareFrameworkInPython('celery_client.py'),
  },
  {
    ...light,
    name: 'dramatiq',
    language: 'Python',
    version: '2.2.1',
    steps: dramatiqSteps,
    prepare: () => prepareFrameworkInPython('dramatiq_client.py'),
  },
  {
    ...light,
    name: 'taskiq',
    language: 'Python',
    version: '0.13.0',
    steps: taskiqSteps,
    prepare: () => prepareFrameworkInPython('taskiq_client.py'),
  },
  {
    ...light,
    name: 'FastStream',
    language: 'Python',
    version: '0.7.8',
    steps: fastStreamSteps,
    prepare: () => prepareFrameworkInPython('faststream_client.py'),
  },
  {
    ...light,
    name: 'NestJS',
    language: 'Node',
    version: '11.2.6',
    steps: nestSteps,
    prepare: () => prepareFrameworkInNode('nestjs.ts'),
  },
  {
    ...light,
    name: 'golevelup',
    language: 'Node',
    version: '9.0.2',
    steps: golevelupSteps,
    prepare: () => prepareFrameworkInNode('golevelup.ts'),
  },
  {
    ...light,
    name: 'rascal',
    language: 'Node',
    version: '21.0.1',
    steps: rascalSteps,
    prepare: () => prepareFrameworkInNode('rascal.ts'),
  },
  {
    ...light,
    name: 'moleculer',
    language: 'Node',
    version: '0.15.2',
    steps: moleculerSteps,
    prepare: () => prepareFrameworkInNode('moleculer.ts'),
  },
  {
    ...heavy,
    name: 'Spring Boot',
    language: 'Java',
    version: '3.5.7',
    steps: bootSteps,
    prepare: () => prepareFrameworkInJava('interop.boot.BootClient'),
  },
  {
    ...heavy,
    name: 'Spring Cloud Stream',
    language: 'Java',
    version: '4.3.0',
    steps: cloudStreamSteps,
    prepare: () => prepareFrameworkInJava('interop.stream.StreamClient'),
  },
  {
    ...light,
    name: 'Symfony Messenger',
    language: 'PHP',
    version: '5.4',
    steps: symfonySteps,
    prepare: () => findSymfony('symfony_messenger.php'),
  },
  ...kafkaPrograms,
]

/**
 * Frameworks that `choice` names, separated by commas: names and languages, in lower case, `all`, or
 * `turn`: those that are light, and one of the others by the number of the commit.
 * @throws Error for a word that names nothing.
 */
export function chooseFrameworks(
  choice: string | undefined,
  commitNumber: () => number,
): readonly Framework[] {
  const words = (choice ?? '').toLowerCase().split(',').filter(Boolean)
  const heavy = frameworks.filter(({ isHeavy }) => isHeavy)
  const inTurn = words.includes('turn') ? heavy[commitNumber() % heavy.length] : undefined
  const isNamed = (framework: Framework, word: string): boolean =>
    word === 'all' ||
    word === framework.name.toLowerCase() ||
    word === framework.language.toLowerCase() ||
    (word === 'turn' && (!framework.isHeavy || framework === inTurn))
  for (const word of words)
    if (!frameworks.some((framework) => isNamed(framework, word)))
      throw new Error(`PABAL_FRAMEWORKS: no framework or language is called ${word}`)
  return frameworks.filter((framework) => words.some((word) => isNamed(framework, word)))
}
