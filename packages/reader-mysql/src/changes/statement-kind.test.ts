import { describe, expect, it } from 'vitest'
import { savepointName, statementKind } from './statement-kind.ts'

describe('statementKind', () => {
  it.each([
    ['BEGIN', { kind: 'begin' }],
    ['COMMIT', { kind: 'commit' }],
    ['ROLLBACK', { kind: 'rollback' }],
    ['ROLLBACK TO `one`', { kind: 'rollback-to' }],
    ['rollback work to one', { kind: 'rollback-to' }],
    ["XA START X'01',X'',1", { kind: 'xa' }],
    ['SAVEPOINT `one`', { kind: 'savepoint' }],
    ['TRUNCATE t', { kind: 'truncate', table: 't' }],
    ['truncate table `a``b`', { kind: 'truncate', table: 'a`b' }],
    ['TRUNCATE TABLE shop . `t`', { kind: 'truncate', database: 'shop', table: 't' }],
    ['TRUNCATE TABLE t WAIT 5', { kind: 'truncate', table: 't' }],
    [
      '/* app */ -- note\n TRUNCATE "shop"."t";',
      { kind: 'truncate', database: 'shop', table: 't' },
    ],
    ['ALTER TABLE t ADD c int', { kind: 'definition' }],
    ['/*!50000 CREATE TABLE t (a int) */', { kind: 'definition' }],
    ['RENAME TABLE a TO b', { kind: 'definition' }],
    ['GRANT SELECT ON *.* TO a', { kind: 'other' }],
    ['/* app */ insert into t values (1)', { kind: 'rows' }],
    ['', { kind: 'other' }],
  ])('reads %s', (text, wanted) => {
    expect(statementKind(text)).toEqual(wanted)
  })
})

describe('savepointName', () => {
  it.each([
    ['SAVEPOINT `one two`', 'one two'],
    ['ROLLBACK TO `One`', 'one'],
    ['rollback work to savepoint one;', 'one'],
  ])('reads %s', (text, wanted) => {
    expect(savepointName(text)).toBe(wanted)
  })
})
