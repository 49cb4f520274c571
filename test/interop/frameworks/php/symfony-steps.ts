import type { Steps } from '../../step-table.ts'

/** What symfony_messenger.php prints. */
export const symfonySteps: Steps = {
  'send and ack': { name: 'now', left: 0 },
  delay: { name: 'later', early: false },
  reject: { left: 0 },
}
