import { describe, expect, it } from 'vitest'
import { formatPath } from '../config/config-path.ts'
import { scheduleClock } from './date-expression.ts'
import { ParameterFiller } from './substitute-parameters.ts'

const clock = scheduleClock(new Date('2025-11-01T00:00:00Z'), 'UTC')

function fill(value: unknown, given: Readonly<Record<string, string>> = {}) {
  const problems: string[] = []
  const onProblem = (
    severity: string,
    path: readonly (string | number)[],
    text: { message: string; hint?: string | undefined },
  ) => problems.push(`${severity} ${formatPath(path)}: ${text.message} ${text.hint ?? ''}`.trim())
  const filler = new ParameterFiller(given, clock, onProblem)
  return { value: filler.fill(value, onProblem), problems, unused: filler.unused }
}

describe('ParameterFiller', () => {
  it.each<[string, Record<string, string>, string]>([
    ["d='${bizdate}'", { bizdate: '20260201' }, "d='20260201'"],
    ["d='$bizdate'", { bizdate: '20260201' }, "d='20260201'"],
    ["d='${bizdate}'", {}, "d='20251031'"],
    ['$[yyyy-mm-dd] ${yyyymmdd-1} $cyctime', {}, '2025-11-01 20251030 20251101000000'],
    ['${a}${b}', { a: '${b}', b: '$[yyyy]' }, '${b}2025'],
    ['${dt}', { dt: '$bizdate' }, '20251031'],
    ['${ dt }', { dt: 'x"y' }, 'x"y'],
    ['user:#{id}:##{x}', {}, 'user:#{id}:##{x}'],
    ["x ~ '^a$[a-z]$'", {}, "x ~ '^a$[a-z]$'"],
    ['$bizdates $$bizdate$ $1 $', {}, '$bizdates $$bizdate$ $1 $'],
  ])('%s with %j is %s', (text, given, expected) => {
    expect(fill(text, given)).toMatchObject({ value: expected, problems: [] })
  })

  it('walks lists and objects, leaving keys and other values alone', () => {
    const { value } = fill({ '${a}': [{ b: '${a}' }, 1, null, true] }, { a: 'x' })
    expect(value).toEqual({ '${a}': [{ b: 'x' }, 1, null, true] })
  })

  it('leaves secrets and URLs of data sources alone', () => {
    const tree = {
      password: 'p$a{b}${x}$bizdate',
      datasource: 'mysql://u:${x}@h/db',
      jdbcUrl: 'jdbc:mysql://${host}/db?password=${env:PW}',
      username: '${env:USER}',
    }
    const { value, problems } = fill(tree, { host: 'h' })
    expect(value).toEqual({ ...tree, jdbcUrl: 'jdbc:mysql://h/db?password=${env:PW}' })
    expect(problems).toEqual([])
  })

  it('warns of a secret that looks like a parameter', () => {
    expect(fill({ password: '${pw}' }, { pw: 'x' }).problems).toEqual([
      'warning password: parameters are not filled in secrets Secrets are taken as written; write ${env:NAME} for an environment variable.',
    ])
  })

  it('names every placeholder without a value, with the way out', () => {
    const { problems, value } = fill(['${bizdat} ${nope}', '${yyyyMMdd}', '${env:HOME}'], {
      nop: '1',
    })
    expect(problems).toEqual([
      'error [0]: ${bizdat}: the parameter has no value Give it with --set bizdat=value.',
      'error [0]: ${nope}: the parameter has no value Give it with --set nope=value. Did you mean ${nop}?',
      'error [1]: ${yyyyMMdd}: the parameter has no value Date formats are written in small letters: ${yyyymmdd}.',
      'error [2]: ${env:HOME}: the parameter has no value Environment variables are filled in data sources only.',
    ])
    expect(value).toEqual(['${bizdat} ${nope}', '${yyyyMMdd}', '${env:HOME}'])
  })

  it('reports date formats it cannot read, in the file and in --set', () => {
    expect(fill('$[yyyyMMdd]', { a: '$[yyyymmddd]' }).problems).toEqual([
      'error a: $[yyyymmddd]: expected a date format of yyyy, yy, mm, dd, hh24, mi, ss, with ±N days or ±N/24 hours',
      'error : $[yyyyMMdd]: date formats are written in small letters: yyyy, yy, mm, dd, hh24, mi, ss',
    ])
  })

  it('tells which values were not used', () => {
    expect(fill('${a}', { a: '1', b: '2' }).unused).toEqual(['b'])
  })
})
