import { expect, it } from 'vitest'
import type { DataSource } from '@millrace/core/plugin'
import { mongodbConfig } from './mongodb-config.ts'
import { propertyFindings } from './property-findings.ts'

const columns = { datasource: 'docs', collectionName: 'people', column: ['_id'] }
const documents = { datasource: 'docs', schemas: ['crm'] }

function found(parameters: object, properties: DataSource['properties']) {
  const dataSource = { name: 'docs', type: 'mongodb', hosts: [], properties }
  return propertyFindings(dataSource, mongodbConfig.parse(parameters))
}

it('names properties of the data source that have no effect', () => {
  const properties = {
    readPrefernce: 'secondary',
    maxPoolSize: '5',
    tlsInsecureX: 'true',
    '?': 'x',
    READPREFERENCE: 'secondary',
    authDb: 'admin',
    srv: 'true',
    retryWrites: 'true',
    w: 'majority',
  }
  const warning = (property: string, hint?: string) => ({
    severity: 'warning',
    path: [],
    message: `the property "${property}" has no effect`,
    ...(hint === undefined ? {} : { hint }),
  })
  expect(found(columns, properties)).toEqual([
    warning('readPrefernce', 'Did you mean readPreference?'),
    warning('maxPoolSize', 'There are as many connections as the job has channels.'),
    warning('tlsInsecureX', 'Write what TLS takes in "tls" of the data source.'),
    warning('?'),
  ])
})

it('says that whole documents are read from the primary', () => {
  expect(found(documents, { readPreference: 'secondaryPreferred' })).toEqual([
    {
      severity: 'warning',
      path: [],
      message:
        'readPreference secondaryPreferred has no effect: documents of pipelines and their changes are read from the primary',
    },
  ])
  expect(found(documents, { readPreference: 'primary' })).toEqual([])
  expect(found(columns, { readPreference: 'secondary' })).toEqual([])
})
