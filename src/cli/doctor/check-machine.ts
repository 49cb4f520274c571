// What there is to say about a machine.
import { doctorLimits } from '../../limits/doctor.ts'
import type { BrokerOptions } from '../../settings/settings.ts'
import { fail, type Finding, ok, warn } from './finding.ts'
import type { FolderFacts, MachineFacts } from './machine-facts.ts'

const MiB = 1024 * 1024
const dayMs = 86_400_000

type Limits = Pick<BrokerOptions, 'memoryWatermark' | 'diskFreeLimit'>

export function checkMachine(facts: MachineFacts, limits: Limits): Finding[] {
  const { folder, certificate, now } = facts
  return [
    checkNode(facts.node),
    ...(facts.openFiles === undefined ? [] : [checkOpenFiles(facts.openFiles)]),
    checkMemory(facts.memory, limits.memoryWatermark),
    ...(folder === undefined ? [] : checkFolder(folder, limits.diskFreeLimit, now)),
    ...(certificate === undefined ? [] : [checkCertificate(certificate, now)]),
  ]
}

function checkNode(version: string): Finding {
  const { nodeMajorMin } = doctorLimits
  if (Number.parseInt(version, 10) >= nodeMajorMin) return ok('node', version)
  return fail('node', version, `install Node ${nodeMajorMin} or later`)
}

function checkOpenFiles(count: number): Finding {
  const found = `${count} in this shell`
  if (count >= doctorLimits.openFilesMin) return ok('open files', found)
  return warn('open files', found, 'raise it: ulimit -n 65536, or LimitNOFILE= of the service')
}

function checkMemory(total: number, watermark: number): Finding {
  const bytes = watermark <= 1 ? watermark * total : watermark
  const found = `${inMiB(total)}, publishers are blocked above ${inMiB(bytes)}`
  if (bytes > total) {
    return fail('memory', found, 'the system would end the broker first: lower memory-watermark')
  }
  if (total >= doctorLimits.memoryMin) return ok('memory', found)
  return warn('memory', found, `give the broker ${inMiB(doctorLimits.memoryMin)} or more`)
}

function checkFolder(folder: FolderFacts, freeLimit: number, now: number): Finding[] {
  return [
    checkRights(folder),
    checkSpace(folder, freeLimit),
    checkDisk(folder),
    checkClock(folder, now),
  ]
}

function checkRights({ path, isThere, isWritable, isMine, openTo }: FolderFacts): Finding {
  const check = 'data folder'
  if (!isWritable)
    return fail(check, `${path} cannot be written`, 'run this as the user of the broker')
  if (!isThere) return ok(check, `${path} will be made at the start`)
  if (!isMine) {
    return warn(check, `${path} is another user's`, 'let the broker run as the owner of its data')
  }
  if (openTo === 0) return ok(check, `${path}, closed to others`)
  return warn(check, `${path} is open to others`, `chmod o= ${path}: messages are in it`)
}

function checkSpace({ freeBytes }: FolderFacts, limit: number): Finding {
  const found = `${inMiB(freeBytes)} free, publishers are blocked below ${inMiB(limit)}`
  if (freeBytes < limit) return fail('disk space', found, 'make room, or take a larger disk')
  if (freeBytes >= limit * doctorLimits.diskFreeTimes) return ok('disk space', found)
  return warn('disk space', found, 'make room before publishers are blocked')
}

function checkDisk({ isInMemory, disk }: FolderFacts): Finding {
  const check = 'disk speed'
  if (isInMemory) return warn(check, 'in memory', 'name a folder on a disk: nothing would be kept')
  if (disk === undefined) return ok(check, 'not measured: nothing may be written beside the data')
  const found = `fsync p50 ${disk.p50.toFixed(2)} ms, p99 ${disk.p99.toFixed(2)} ms`
  if (disk.p99 <= doctorLimits.fsyncP99Max) return ok(check, found)
  return warn(check, found, 'confirms wait for it: take a faster disk, or profile throughput')
}

function checkClock({ newest }: FolderFacts, now: number): Finding {
  if (newest <= now + doctorLimits.clockAheadMs) return ok('clock', new Date(now).toISOString())
  const found = `${new Date(now).toISOString()}, and data is from ${new Date(newest).toISOString()}`
  return warn('clock', found, 'set it: messages expire by it')
}

function checkCertificate(end: number | string, now: number): Finding {
  const check = 'certificate'
  if (typeof end === 'string') return fail(check, end, 'see docs/tls.md')
  const days = Math.floor((end - now) / dayMs)
  if (end <= now) return fail(check, `ended ${-days} days ago`, 'renew it')
  const found = `ends in ${days} days`
  return days >= doctorLimits.certificateDaysMin ? ok(check, found) : warn(check, found, 'renew it')
}

function inMiB(bytes: number): string {
  return `${Math.round(bytes / MiB)} MiB`
}
