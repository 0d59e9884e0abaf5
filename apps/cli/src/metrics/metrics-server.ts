import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { runHealth, type JobCounters } from '@millrace/core'
import { UsageError } from '../job-options.ts'
import { jobMetrics } from './job-metrics.ts'

/** Where metrics are served. */
export interface MetricsAddress {
  /** Absent: every address of the machine. */
  readonly host?: string
  /** 0: any that is free. */
  readonly port: number
}

/** Metrics while a run goes on. */
export interface MetricsServer extends AsyncDisposable {
  /** `http://0.0.0.0:9464` */
  readonly url: string
}

/** Reads the value of `--metrics`: `9464`, `127.0.0.1:9464`, `[::1]:9464`. */
export function parseMetricsAddress(text: string): MetricsAddress {
  const [, bracketed, plain, digits = ''] =
    /^(?:(?:\[([^\]]+)\]|([^:[\]]+)):)?(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits)
  if (digits === '' || port > 65_535)
    throw new UsageError(`--metrics expects a port, or host:port, found "${text}"`)
  const host = bracketed ?? plain
  return { port, ...(host === undefined ? {} : { host }) }
}

/**
 * Serves `/metrics` for Prometheus and `/healthz`, which answers 503 when the run does not get on.
 *
 * @throws UsageError when the port cannot be had
 */
export async function serveMetrics(
  counters: JobCounters,
  address: MetricsAddress,
): Promise<MetricsServer> {
  const metrics = await jobMetrics(counters)
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0]
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      answer(response, 405, 'only GET is answered\n')
    } else if (path === '/metrics') {
      metrics.text().then(
        (text) => answer(response, 200, text, metrics.contentType),
        (error: unknown) => answer(response, 500, `${String(error)}\n`),
      )
    } else if (path === '/healthz') {
      const { isHealthy, reasons } = runHealth(counters)
      answer(response, isHealthy ? 200 : 503, isHealthy ? 'ok\n' : `${reasons.join('\n')}\n`)
    } else {
      answer(response, 404, 'there are /metrics and /healthz\n')
    }
  })
  await listen(server, address)
  return {
    url: urlOf(server),
    async [Symbol.asyncDispose]() {
      metrics.stop()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function answer(
  response: ServerResponse,
  status: number,
  text: string,
  type = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, { 'content-type': type }).end(text)
}

async function listen(server: Server, { host, port }: MetricsAddress): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new UsageError(
          `--metrics cannot listen on ${host === undefined ? '' : `${host} `}port ${port}: ${cause.message}`,
        ),
      ),
    )
    server.listen({ port, ...(host === undefined ? {} : { host }) }, resolve)
  })
}

function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}
