/** The files that provision: they agree with each other and with the dashboards. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { GRAFANA, readDashboards } from '../../../grafana/src/model.ts';

const read = (path: string): unknown => parse(readFileSync(join(GRAFANA, path), 'utf8'));

const { global, scrape_configs: jobs } = read('prometheus/prometheus.yml') as {
  global: { scrape_interval: string };
  scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
};
const { datasources } = read('provisioning/datasources/cano.yml') as {
  datasources: { uid: string; url: string; jsonData: { timeInterval: string } }[];
};
const { services } = read('docker-compose.yml') as {
  services: Record<
    string,
    { image?: string; build?: object; volumes?: string[]; command?: string[]; environment?: Record<string, string> }
  >;
};

describe('provisioning', () => {
  it('tells Grafana the interval at which Prometheus scrapes: the windows of rates are made of it', () => {
    assert.equal(datasources[0]?.jsonData.timeInterval, global.scrape_interval);
  });

  it('scrapes the port of cano serve, by a name that the alert on targets knows', () => {
    assert.deepEqual(jobs[0]?.static_configs[0]?.targets, ['localhost:9464']);
    assert.match(jobs[0]?.job_name ?? '', /^.*cano.*$/);
  });

  it('has the data source that the dashboards begin with', () => {
    for (const { uid, templating } of readDashboards()) {
      const source = templating.list.find(({ type }) => type === 'datasource') as
        | { current?: { value: string } }
        | undefined;
      assert.equal(source?.current?.value, datasources[0]?.uid, uid);
    }
  });

  it('pins its images and listens on loopback only', () => {
    for (const { image } of Object.values(services)) {
      if (image !== undefined) assert.match(image, /:v?\d+\.\d+\.\d+$/);
    }
    const listens = services['prometheus']?.command?.find((word) => word.startsWith('--web.listen-address='));
    assert.equal(`http://${listens?.split('=')[1]}`.replace('127.0.0.1', 'localhost'), datasources[0]?.url);
    assert.equal(services['grafana']?.environment?.['GF_SERVER_HTTP_ADDR'], '127.0.0.1');
  });

  it('builds without the network of the host, which is a right that not every builder gives', () => {
    assert.deepEqual(Object.keys(services['example']?.build ?? {}), ['context', 'dockerfile_inline']);
  });

  it('mounts what is there, where the provider of dashboards looks', () => {
    const mounted = Object.values(services).flatMap(({ volumes = [] }) => volumes.map((volume) => volume.split(':')));
    for (const [from = ''] of mounted) {
      if (from.startsWith('./')) assert.ok(existsSync(join(GRAFANA, from)), from);
    }
    const { providers } = read('provisioning/dashboards/cano.yml') as { providers: { options: { path: string } }[] };
    assert.equal(mounted.find(([from]) => from === './dashboards')?.[1], providers[0]?.options.path);
  });
});
