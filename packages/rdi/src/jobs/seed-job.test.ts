import { expect, it } from 'vitest'
import { readJobText, shown } from '../../test-data/pipeline-folder.ts'

const seedJob = `source:
  server_name: chinook
  schema: public
  table: invoice
output:
  - uses: redis.write
    with:
      connection: target
      data_type: stream
      key:
        expression: "\`invoice:events\`"
        language: jmespath
      mapping:
        - InvoiceId: message_id
        - BillingCountry: country
        - Total
      expire: 100
`

it('reads the job of the example as it is', async () => {
  const { pipeline, problems } = await readJobText(seedJob)
  expect(problems.map(shown)).toEqual([])
  expect(pipeline?.jobs).toEqual([
    {
      name: 'job',
      file: 'jobs/job.yaml',
      match: {
        table: 'invoice',
        schema: 'public',
        serverName: 'chinook',
        isCaseInsensitive: true,
      },
      rowFormat: 'partial',
      blocks: [],
      outputs: [
        {
          connection: 'target',
          dataType: 'stream',
          key: { language: 'jmespath', text: '`invoice:events`', place: 'jobs/job.yaml:11:22' },
          mapping: [
            { column: 'InvoiceId', alias: 'message_id' },
            { column: 'BillingCountry', alias: 'country' },
            { column: 'Total', alias: 'Total' },
          ],
          arguments: {},
          onUpdate: 'replace',
          expire: 100,
        },
      ],
    },
  ])
  expect(pipeline?.settings.writeBatchSize).toBe(100)
  expect(pipeline?.sources[0]?.tables?.map(({ place }) => place)).toEqual([
    'config.yaml:13:7',
    'config.yaml:14:7',
  ])
})
