import { readFileSync } from 'node:fs'

/** The kernel's USER_HZ, which is 100 wherever Node runs. */
const TICKS_PER_SECOND = 100

/** User and system time of all threads of a process so far, from /proc. */
export function processCpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name in parentheses may hold blanks; fields 14 and 15 are counted from behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** What the hypervisor gave to others while a CPU of this machine wanted to run, of all CPUs together. */
export function stolenCpuSeconds(): number {
  const [all = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1)
  const [, , , , , , , , stolen] = all.split(/ +/)
  return Number(stolen) / TICKS_PER_SECOND
}
