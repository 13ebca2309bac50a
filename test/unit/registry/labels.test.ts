import { describe, expect, it } from 'vitest';
import type { ExposedPort } from '../../../src/engine/index.js';
import { servicesOf, type Labelled, type LabelRules } from '../../../src/registry/labels.js';

const RULES: LabelRules = { how: 'published', isExplicit: false, tags: [], payload: 'none' };
const published = (port: number, protocol: ExposedPort['protocol'] = 'tcp'): ExposedPort => ({
  port,
  protocol,
  bindings: [{ hostAddress: '0.0.0.0', hostPort: 8000 + port }],
});
const exposed = (port: number): ExposedPort => ({ port, protocol: 'tcp', bindings: [] });

function read(container: Partial<Labelled>, rules: Partial<LabelRules> = {}) {
  const whole = { image: 'registry.example:5000/team/web:1.2', labels: {}, env: {}, exposedPorts: [published(80)], ...container };
  return servicesOf(whole, { ...RULES, ...rules });
}
const names = (...args: Parameters<typeof read>): string[] => read(...args).services.map(({ service, port }) => `${service} ${port}`);

describe('a container without a word of its own', () => {
  it('is called as its image, by its published ports', () => {
    expect(names({})).toEqual(['web 80']);
    expect(names({ image: 'nginx@sha256:0123' })).toEqual(['nginx 80']);
    expect(names({ exposedPorts: [published(80), exposed(81), published(53, 'udp')] })).toEqual(['web-80 80', 'web-53 53']);
    expect(names({ exposedPorts: [exposed(80)] }, { how: 'network' })).toEqual([]);
    expect(names({ exposedPorts: [] })).toEqual([]);
  });

  it('is left out where names have to be said', () => {
    expect(names({}, { isExplicit: true })).toEqual([]);
    expect(names({ env: { SERVICE_TAGS: 'a' } }, { isExplicit: true })).toEqual([]);
    expect(names({ env: { SERVICE_80_NAME: 'x' }, exposedPorts: [published(80), published(81)] }, { isExplicit: true })).toEqual(['x 80']);
  });

  it('is left out where zkd runs it itself', () => {
    expect(names({ labels: { 'zkd.schema': '1', 'zkd.service': 'web' } })).toEqual([]);
  });
});

describe('the words that begin with SERVICE_', () => {
  it('give names to all ports or to one; only the latter is taken as it is', () => {
    const exposedPorts = [published(80), published(443)];
    expect(names({ env: { SERVICE_NAME: 'api' } })).toEqual(['api 80']);
    expect(names({ env: { SERVICE_NAME: 'api' }, exposedPorts })).toEqual(['api-80 80', 'api-443 443']);
    expect(names({ env: { SERVICE_NAME: 'api', SERVICE_443_NAME: 'safe' }, exposedPorts })).toEqual(['api-80 80', 'safe 443']);
  });

  it('of labels win over those of variables, of one port over those of all', () => {
    expect(names({ env: { SERVICE_NAME: 'env' }, labels: { SERVICE_NAME: 'label' } })).toEqual(['label 80']);
    expect(names({ env: { SERVICE_80_NAME: 'port' }, labels: { SERVICE_NAME: 'label' } })).toEqual(['port 80']);
    expect(names({ env: { SERVICE_80_NAME: 'port' }, labels: { SERVICE_80_NAME: 'label' } })).toEqual(['label 80']);
  });

  it('leave a container or a port out, whatever the word is', () => {
    const exposedPorts = [published(80), published(81)];
    expect(names({ env: { SERVICE_IGNORE: 'false' } })).toEqual([]);
    expect(names({ env: { SERVICE_IGNORE: '' } })).toEqual(['web 80']);
    expect(names({ env: { SERVICE_81_IGNORE: '1' }, exposedPorts })).toEqual(['web-80 80']);
  });

  it('carry tags, an id, and whatever else as metadata', () => {
    const env = {
      SERVICE_TAGS: 'a,,b\\,c',
      SERVICE_ID: 'one',
      SERVICE_REGION: 'us2',
      SERVICE_80_CHECK_HTTP: '/up',
      SERVICE_81_X: 'no',
      OTHER: '1',
    };
    expect(read({ env }, { tags: ['all', 'a'] }).services).toEqual([
      {
        service: 'web',
        port: 80,
        protocol: 'tcp',
        id: 'one',
        tags: ['a', 'b,c', 'all'],
        metadata: { region: 'us2', check_http: '/up' },
        weight: 1,
        payload: 'none',
      },
    ]);
    expect(read({ exposedPorts: [published(53, 'udp')] }).services).toMatchObject([{ protocol: 'udp', tags: ['udp'] }]);
  });

  it('make ports count that are exposed only, where these can be reached', () => {
    const env = { SERVICE_NAME: 'api' };
    const exposedPorts = [exposed(80)];
    expect(names({ env, exposedPorts }, { how: 'network' })).toEqual(['api 80']);
    expect(names({ env: { SERVICE_80_NAME: 'x' }, exposedPorts: [exposed(80), exposed(81)] }, { how: 'host' })).toEqual(['x 80']);
    expect(read({ env, exposedPorts })).toMatchObject({ services: [], problems: ['port 80 is not published'] });
  });
});

describe("zkd's own labels", () => {
  it('say all there is to say', () => {
    const labels = {
      'zkd.service': 'api',
      'zkd.port': '8080',
      'zkd.id': 'one',
      'zkd.network': 'app',
      'zkd.tags': 'a,b',
      'zkd.weight': '2.5',
      'zkd.health': 'ignore',
      'zkd.payload': 'spring',
      'zkd.metadata.zone': 'a',
    };
    expect(read({ labels, exposedPorts: [] }, { how: 'network' })).toEqual({
      services: [
        {
          ...{ service: 'api', id: 'one', port: 8080, protocol: 'tcp', tags: ['a', 'b'], metadata: { zone: 'a' }, weight: 2.5 },
          payload: 'spring',
        },
      ],
      network: 'app',
      health: 'ignore',
      problems: [],
      notes: ['plain Curator readers of "api" fail at the Spring payload'],
    });
  });

  it('win over the words that begin with SERVICE_', () => {
    const env = { SERVICE_NAME: 'env', SERVICE_ID: 'env-1', SERVICE_ZONE: 'b' };
    const labels = { 'zkd.service': 'own', 'zkd.id': 'own-1', 'zkd.metadata.zone': 'a' };
    expect(read({ env, labels }).services).toMatchObject([{ service: 'own', id: 'own-1', metadata: { zone: 'a' } }]);
  });

  it('need no port where there is one only', () => {
    const labels = { 'zkd.service': 'own' };
    expect(names({ labels })).toEqual(['own 80']);
    expect(names({ labels, exposedPorts: [exposed(80)] }, { how: 'network' })).toEqual(['own 80']);
    expect(read({ labels, exposedPorts: [] })).toMatchObject({
      services: [],
      problems: [expect.stringContaining('has no published port') as string],
    });
    expect(read({ labels, exposedPorts: [published(80), published(81)] })).toMatchObject({
      services: [],
      problems: [expect.stringContaining('has several ports: say with the label zkd.port') as string],
    });
  });

  it('that make no sense are told, and do nothing', () => {
    const labels = { 'zkd.port': '0', 'zkd.weight': '-1', 'zkd.health': 'maybe', 'zkd.payload': 'xml' };
    const { services, health, problems } = read({ labels });
    expect(services).toMatchObject([{ service: 'web', weight: 1, payload: 'none' }]);
    expect(health).toBe('required');
    expect(problems).toEqual([
      'label zkd.port=0 is ignored: 1 to 65535 is wanted',
      'label zkd.weight=-1 is ignored: a number from 0 on is wanted',
      'label zkd.health=maybe is ignored: required or ignore is wanted',
      'label zkd.payload=xml is ignored: none or spring is wanted',
    ]);
  });
});
