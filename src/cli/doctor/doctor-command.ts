// `pabal doctor`: looks at this machine and at a broker, and says what is wrong and what to do about it.
import { systemClock } from '../../lib/clock.ts'
import { exitCodes } from '../../lib/exit-codes.ts'
import { ExitError, type ExitCode } from '../../lib/exit-error.ts'
import { version } from '../../lib/version.ts'
import { wait } from '../../lib/wait.ts'
import { doctorLimits } from '../../limits/doctor.ts'
import { loadConfig } from '../../settings/load-config.ts'
import type { BrokerClient } from '../broker-client.ts'
import type { AddCommand, Session } from '../remote-command.ts'
import { outputOption, readFormat, showRows } from '../show-rows.ts'
import {
  checkDeadLetters,
  checkQueues,
  checkStatus,
  type DeadLetterFacts,
  type QueueFacts,
  type StatusFacts,
} from './check-broker.ts'
import { checkCluster, type ClusterFacts } from './check-cluster.ts'
import { checkMachine } from './check-machine.ts'
import {
  checkOpenPorts,
  checkPorts,
  type ConfigFacts,
  portsInConfig,
  wantedPorts,
} from './check-ports.ts'
import { fail, type Finding, warn } from './finding.ts'
import { findListeners } from './listening-ports.ts'
import { lookAtMachine } from './machine-facts.ts'

export const addDoctorCommand: AddCommand = (command, remote) => {
  remote(command, '', {
    ask: (_operands, flags) => {
      const format = readFormat(flags['output'] as string | undefined)
      return async (broker, terminal, session) => {
        const { findings, isAnswering } = await askBroker(broker)
        const { folder } = broker
        const machine = folder === undefined ? [] : await lookHere(session, folder, isAnswering)
        const rows = [...machine, ...findings].map((finding) => ({ ...finding }))
        const columns = ['level', 'check', 'found', 'advice']
        await showRows({ title: 'findings', columns, nameKey: 'check', rows }, format, terminal)
        return endOf(rows)
      }
    },
  })
    .option(...outputOption)
    .addHelpText(
      'after',
      `
It ends with 0 when all is well, with 1 when somebody should look at a warning, and with 69 when
something fails. Of a broker elsewhere (--url) the machine is not seen.`,
    )
}

async function lookHere(
  session: Session,
  folder: string,
  isAnswering: boolean,
): Promise<Finding[]> {
  const { flags, configFile, environment } = session
  const { options } = await loadConfig({ flags, configFile, environment })
  const findings = checkMachine(lookAtMachine({ ...options, data: folder }), options)
  if (isAnswering) return findings
  const wanted = wantedPorts(options)
  return [...findings, ...checkPorts(wanted, findListeners(wanted.map(({ port }) => port)))]
}

interface Asked {
  readonly findings: readonly Finding[]
  readonly isAnswering: boolean
}

async function askBroker(broker: BrokerClient): Promise<Asked> {
  try {
    const { status, body } = await broker.ask('GET', ['status'])
    if (status !== 200) {
      const finding = fail('broker', `does not show its status (${status})`, 'see its log')
      return { findings: [finding], isAnswering: true }
    }
    const findings = checkStatus(body as StatusFacts, version)
    const others = [
      ...(await lookAtPorts(broker, body as StatusFacts)),
      ...(await lookAtCluster(broker)),
      ...(await lookAtQueues(broker)),
    ]
    return { findings: [...findings, ...others], isAnswering: true }
  } catch (error) {
    if (!(error instanceof ExitError)) throw error
    const isStopped = broker.folder !== undefined && error.exitCode === exitCodes.unavailable
    const finding = isStopped
      ? warn('broker', error.message, 'the other checks are for its start')
      : fail('broker', error.message, 'see whether it runs, and who may log in')
    return { findings: [finding], isAnswering: false }
  }
}

/** Those that should be open and are not only for who may see the settings; none of a broker that lets nobody in. */
async function lookAtPorts(
  broker: BrokerClient,
  { state, addresses }: StatusFacts,
): Promise<Finding[]> {
  if (state !== 'ready') return []
  const { status, body } = await broker.ask('GET', ['v1', 'config'])
  const wanted = status === 200 ? portsInConfig(body as readonly ConfigFacts[]) : []
  const isHere = broker.folder !== undefined
  const owners = findListeners(isHere ? wanted.map(({ port }) => port) : [])
  return checkOpenPorts({ addresses, wanted, owners })
}

/** Nothing for who may not see it. */
async function lookAtCluster(broker: BrokerClient): Promise<Finding[]> {
  const { status, body } = await broker.ask('GET', ['v1', 'cluster'])
  return status === 200 ? checkCluster(body as ClusterFacts) : []
}

async function lookAtQueues(broker: BrokerClient): Promise<Finding[]> {
  const before = await broker.ask('GET', ['queues'])
  if (before.status !== 200) {
    return [warn('queues', `not shown (${before.status})`, 'log in as a user who may see them')]
  }
  await wait(systemClock, doctorLimits.lookMs)
  const now = await broker.ask('GET', ['queues'])
  const findings = checkQueues(before.body as QueueFacts[], (now.body ?? []) as QueueFacts[])
  const dead = await broker.ask('GET', ['v1', 'dead-letters', '/'])
  if (dead.status !== 200) return findings
  return [...findings, checkDeadLetters(dead.body as DeadLetterFacts[])]
}

function endOf(findings: readonly Finding[]): ExitCode {
  if (findings.some(({ level }) => level === 'fail')) return exitCodes.unavailable
  return findings.some(({ level }) => level === 'warn') ? exitCodes.attention : exitCodes.ok
}
