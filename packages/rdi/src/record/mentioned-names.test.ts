import { describe, expect, it } from 'vitest'
import { reads } from './mentioned-names.ts'

describe('names that an expression reads', () => {
  it.each([
    ['jmespath', 'upper(name)', true],
    ['jmespath', '"name"', true],
    ['jmespath', "concat(['name:', id])", false],
    ['jmespath', "concat(['it\\'s name:', id])", false],
    ['jmespath', '`name`', false],
    ['jmespath', "concat(['name:', name])", true],
    ['jmespath', `"it's" || name`, true],
    ['jmespath', 'names', false],
    ['sql', "'name:' || id", false],
    ['sql', "'it''s name:' || id", false],
    ['sql', "'name:' || NAME", true],
    ['sql', '`name`', true],
    ['sql', `"it's" || name || "it's"`, true],
    ['sql', '[name]', true],
  ] as const)('%s %s', (language, text, isRead) => {
    expect(reads({ language, text }, 'name')).toBe(isRead)
  })

  it.each([
    ['jmespath', "concat(['k:', id])", '', false],
    ['jmespath', 'items[].id', '', false],
    ['jmespath', '""', '', true],
    ['jmespath', "concat(['k:', id])", '(', false],
    ['jmespath', "concat(['k:', id])", 'k:', false],
    ['jmespath', '"a.b" || a', 'a.b', true],
    ['jmespath', 'a.b', 'a.b', false],
    ['jmespath', '"$price"', '$price', true],
    ['jmespath', 'имя', 'имя', true],
    ['sql', '[a b] || c', 'a b', true],
    ['sql', "'[a b]' || c", 'a b', false],
  ] as const)('%s %s: %j', (language, text, name, isRead) => {
    expect(reads({ language, text }, name)).toBe(isRead)
  })
})
