import { readFileSync } from 'node:fs'

export type ProcessMemory = { readonly residentMb: number; readonly peakMb: number }

/** Resident memory of a process now and at its highest so far, in MB (10⁶ bytes), from /proc. */
export function processMemory(pid: number): ProcessMemory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return { residentMb: field(status, 'VmRSS'), peakMb: field(status, 'VmHWM') }
}

function field(status: string, name: string): number {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)
  if (match === null) throw new Error(`/proc has no ${name}`)
  return (Number(match[1]) * 1024) / 1e6
}
