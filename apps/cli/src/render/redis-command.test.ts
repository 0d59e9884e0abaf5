import { expect, test } from 'vitest'
import { formatRedisCommand } from './redis-command.ts'

test.each([
  [['SET', 'customer:1', 'Ada'], 'SET customer:1 Ada'],
  [['SET', 'a\u0001b', ''], 'SET "a\\x01b" ""'],
  [['SET', 'k', 'say "hi"\\\n'], 'SET k "say \\"hi\\"\\\\\\n"'],
  [['SET', 'k', 'Müller'], 'SET k "Müller"'],
  [['SET', 'k', Uint8Array.of(0, 255, 65)], 'SET k "\\x00\\xffA"'],
])('%j', (command, line) => {
  expect(formatRedisCommand(command)).toBe(line)
})
