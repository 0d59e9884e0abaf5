import { parse } from 'yaml'
import { describe, expect, it } from 'vitest'
import type { TableSchema } from '@millrace/core/record'
import { scaffoldPipeline } from './scaffold-pipeline.ts'

function tableOf(table: string, columns: readonly string[], key: readonly number[]): TableSchema {
  return {
    table,
    namespace: 'public',
    version: 1,
    key,
    fields: columns.map((name) => ({ name, type: 'int', nullable: false, nativeType: 'integer' })),
  }
}

const dataSource = {
  name: 'postgres://app@db:5433/shop',
  type: 'postgresql',
  hosts: [{ host: 'db', port: 5433 }],
  user: 'app',
  password: 'hush',
  database: 'shop',
  properties: {},
}

describe('scaffoldPipeline', () => {
  it('writes every table and column, and no password', () => {
    const tables = [tableOf('invoice', ['Id', 'true', 'a: b # c', '"x"\n'], [0])]
    const files = scaffoldPipeline({ stepType: 'postgresql', dataSource, tables })
    expect(JSON.stringify(files)).not.toContain('hush')
    expect(parse(files['config.yaml'] ?? '')).toEqual({
      sources: {
        shop: {
          type: 'cdc',
          connection: {
            type: 'postgresql',
            host: 'db',
            port: 5433,
            database: 'shop',
            user: 'app',
            password: '${SOURCE_DB_PASSWORD}',
          },
          schemas: ['public'],
          tables: { 'public.invoice': { columns: ['Id', 'true', 'a: b # c', '"x"\n'] } },
        },
      },
      targets: { target: { connection: { type: 'redis', host: '127.0.0.1', port: 6379 } } },
      processors: { target_data_type: 'hash' },
    })
    expect(parse(files['jobs/invoice.yaml'] ?? '')).toEqual({
      source: { schema: 'public', table: 'invoice' },
      output: [
        {
          uses: 'redis.write',
          with: {
            connection: 'target',
            data_type: 'hash',
            key: { expression: "concat(['invoice:', Id])", language: 'jmespath' },
          },
        },
      ],
    })
  })

  it('leaves a table without a key out, ready to be taken in', () => {
    const tables = [tableOf('audit', ['at'], [])]
    const files = scaffoldPipeline({ stepType: 'postgresql', dataSource, tables })
    const text = files['config.yaml'] ?? ''
    expect(text).toContain('public.audit has no key')
    expect(Object.keys(files)).toEqual(['config.yaml'])
    expect(parse(text)).toMatchObject({ sources: { shop: { schemas: ['public'] } } })
    const lines = text.split('\n')
    const from = lines.findIndex((line) => line.includes('# public.audit:'))
    const taken = lines
      .slice(from, from + 4)
      .map((line) => line.replace('      # ', '      '))
      .join('\n')
    expect(parse(taken)).toEqual({ 'public.audit': { keys: [], columns: ['at'] } })
  })
})
