import { describe, expect, it } from 'vitest'
import type { DataSource } from '@millrace/core/plugin'
import { sessionVariablesStatement, validateDataSource } from './connection-properties.ts'

const sourceWith = (properties: Record<string, string>): DataSource => ({
  name: 'shop',
  type: 'mysql',
  hosts: [],
  properties,
})

describe('properties of the data source', () => {
  it.each([
    ['', undefined],
    ['group_concat_max_len=4096', 'SET group_concat_max_len=4096'],
    [
      "sql_mode='ANSI_QUOTES,PIPES_AS_CONCAT;';@x = 1;",
      "SET sql_mode='ANSI_QUOTES,PIPES_AS_CONCAT;',@x = 1",
    ],
  ])('sessionVariables %j are set by %j', (sessionVariables, statement) => {
    expect(sessionVariablesStatement(sourceWith({ sessionVariables }))).toBe(statement)
  })

  it('says nothing of the usual ones', () => {
    const usual = {
      useUnicode: 'true',
      characterEncoding: 'utf8',
      serverTimezone: 'Asia/Shanghai',
      yearIsDateType: 'false',
      tinyInt1isBit: 'false',
      rewriteBatchedStatements: 'true',
      allowPublicKeyRetrieval: 'true',
    }
    expect(validateDataSource(sourceWith(usual))).toEqual([])
  })

  it.each([
    [{ zeroDateTimeBehavior: 'convertToNull' }, 'NULLIF'],
    [{ tinyInt1isBit: 'true' }, 'README'],
    [{ sslCrl: 'x.pem' }, 'tls'],
    [{ sessionVariable: 'x=1' }, 'sessionVariables'],
  ])('warns of %j', (properties, hint) => {
    expect(validateDataSource(sourceWith(properties))).toMatchObject([
      { severity: 'warning', hint: expect.stringContaining(hint) },
    ])
  })
})
