import type { Steps } from '../../lib/slices.ts'

/** Answers each of what is asked, such as a topic's partitions. Takes a step also when nothing is. */
export function* answerEach<Asked, Answer>(
  asked: Iterable<Asked>,
  answer: (one: Asked) => Answer,
): Steps<Answer[]> {
  const answers: Answer[] = []
  for (const one of asked) {
    answers.push(answer(one))
    yield
  }
  yield
  return answers
}
