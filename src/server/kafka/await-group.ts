import type { CommitGroup } from '../../log/commit-group.ts'

/** Resolves when the group is durable. */
export function whenDurable(group: CommitGroup | undefined): Promise<void> {
  if (group === undefined || group.state === 'finished') return Promise.resolve()
  return new Promise((resolve) => {
    group.addListener({ onGroupFinished: () => resolve() })
  })
}
