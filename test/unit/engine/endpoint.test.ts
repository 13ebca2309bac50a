import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ZkdError } from '../../../src/errors.js';
import { resolveEndpoint } from '../../../src/engine/endpoint.js';
import type { EndpointOptions, EngineConnection } from '../../../src/engine/endpoint.js';

const HOME = '/home/ann';
const SYSTEM_SOCKET = '/var/run/docker.sock';

interface Given extends EndpointOptions {
  readonly env?: Record<string, string>;
  readonly files?: Record<string, string>;
}

function resolve({ env = {}, files = { [SYSTEM_SOCKET]: '' }, ...options }: Given = {}): EngineConnection {
  const paths = Object.keys(files);
  return resolveEndpoint(options, {
    env,
    home: HOME,
    readFile: (path) => files[path],
    exists: (path) => paths.includes(path),
    list: (folder) => [
      ...new Set(paths.filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1).split('/')[0] ?? '')),
    ],
  });
}

function usageError(given: Given): ZkdError {
  try {
    resolve(given);
  } catch (error) {
    expect(error).toBeInstanceOf(ZkdError);
    expect((error as ZkdError).code).toBe('usage');
    return error as ZkdError;
  }
  return expect.fail('should be a usage error');
}

function context(
  name: string,
  host: string,
  more: Record<string, unknown> = {},
  tls: readonly string[] = [],
  folder = `${HOME}/.docker`,
): Record<string, string> {
  const id = createHash('sha256').update(name).digest('hex');
  const meta = JSON.stringify({ Name: name, Metadata: {}, Endpoints: { docker: { Host: host, SkipTLSVerify: false, ...more } } });
  const pems = tls.map((file) => [`${folder}/contexts/tls/${id}/docker/${file}.pem`, 'PEM'] as const);
  return { [SYSTEM_SOCKET]: '', [`${folder}/contexts/meta/${id}/meta.json`]: meta, ...Object.fromEntries(pems) };
}

describe('which engine', () => {
  it('is the system socket where nothing says otherwise', () => {
    expect(resolve()).toEqual({
      endpoint: { kind: 'unix', url: 'unix:///var/run/docker.sock', remoteHost: null, source: 'default socket' },
      transport: { kind: 'unix', socketPath: SYSTEM_SOCKET },
    });
  });

  it('is a rootless socket where there is no system socket', () => {
    const runtime = resolve({
      env: { XDG_RUNTIME_DIR: '/run/user/7' },
      files: { '/run/user/7/docker.sock': '', [`${HOME}/.docker/run/docker.sock`]: '' },
    });
    expect(runtime).toMatchObject({ endpoint: { source: 'rootless socket' }, transport: { socketPath: '/run/user/7/docker.sock' } });
    expect(resolve({ files: { [`${HOME}/.docker/run/docker.sock`]: '' } }).transport).toMatchObject({
      socketPath: `${HOME}/.docker/run/docker.sock`,
    });
  });

  it('is the system socket where there is none at all, so that the error names the usual one', () => {
    expect(resolve({ files: {} }).endpoint).toMatchObject({ url: 'unix:///var/run/docker.sock', source: 'default socket' });
  });

  it('is decided by flag, variable, current context, in that order', () => {
    const files = {
      ...context('flag', 'tcp://flag:1'),
      ...context('variable', 'tcp://variable:1'),
      ...context('current', 'tcp://current:1'),
      [`${HOME}/.docker/config.json`]: '{"currentContext":"current"}',
    };
    const env = { DOCKER_HOST: 'tcp://host-variable:1', DOCKER_CONTEXT: 'variable' };
    const of = (given: Given): string => `${resolve({ files, ...given }).endpoint.url} ${resolve({ files, ...given }).endpoint.source}`;
    expect(of({ dockerHost: 'tcp://host-flag:1', context: 'flag', env })).toBe('tcp://host-flag:1 --docker-host');
    expect(of({ context: 'flag', env })).toBe('tcp://flag:1 context "flag"');
    expect(of({ env })).toBe('tcp://host-variable:1 DOCKER_HOST');
    expect(of({ env: { DOCKER_CONTEXT: 'variable' } })).toBe('tcp://variable:1 context "variable" (DOCKER_CONTEXT)');
    expect(of({ env: { DOCKER_HOST: '', DOCKER_CONTEXT: '' } })).toBe('tcp://current:1 context "current"');
    expect(of({ dockerHost: 'tcp://h:1', source: 'ZKD_DOCKER_HOST', env })).toBe('tcp://h:1 ZKD_DOCKER_HOST');
    expect(of({ context: 'flag', source: 'ZKD_CONTEXT', env })).toBe('tcp://flag:1 context "flag" (ZKD_CONTEXT)');
    expect(of({ context: 'default', env })).toBe('unix:///var/run/docker.sock default socket');
  });

  it('looks for contexts in DOCKER_CONFIG', () => {
    const files = { ...context('there', 'ssh://ann@there', {}, [], '/cfg'), '/cfg/config.json': '{"currentContext":"there"}' };
    expect(resolve({ env: { DOCKER_CONFIG: '/cfg' }, files }).endpoint).toMatchObject({ kind: 'ssh', url: 'ssh://ann@there' });
  });

  it('takes TLS material of a context, checked unless the context says no', () => {
    const id = createHash('sha256').update('safe').digest('hex');
    const folder = `${HOME}/.docker/contexts/tls/${id}/docker`;
    const safe = resolve({ context: 'safe', files: context('safe', 'tcp://far:2376', {}, ['ca', 'cert', 'key']) });
    expect(safe.transport).toEqual({
      kind: 'tcp',
      host: 'far',
      port: 2376,
      tls: { ca: `${folder}/ca.pem`, cert: `${folder}/cert.pem`, key: `${folder}/key.pem`, verify: true },
    });
    const loose = resolve({ context: 'safe', files: context('safe', 'tcp://far:2376', { SkipTLSVerify: true }, ['ca']) });
    expect(loose.transport).toMatchObject({ tls: { ca: `${folder}/ca.pem`, verify: false } });
    expect(resolve({ context: 'safe', files: context('safe', 'tcp://far:2375') }).transport).not.toHaveProperty('tls');
  });

  it('takes TLS material of the environment for a tcp engine', () => {
    const files = { '/certs/ca.pem': '', '/certs/cert.pem': '', '/certs/key.pem': '' };
    const env = { DOCKER_HOST: 'tcp://far', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/certs' };
    const tls = { ca: '/certs/ca.pem', cert: '/certs/cert.pem', key: '/certs/key.pem' };
    expect(resolve({ env, files }).transport).toEqual({ kind: 'tcp', host: 'far', port: 2376, tls: { ...tls, verify: true } });
    expect(resolve({ env: { ...env, DOCKER_TLS_VERIFY: '' }, files }).transport).toMatchObject({ tls: { ...tls, verify: false } });
    expect(resolve({ dockerHost: 'tcp://other:1', env, files }).transport).toMatchObject({ host: 'other', tls });
    const ofHome = { [`${HOME}/.docker/ca.pem`]: '' };
    expect(resolve({ env: { DOCKER_HOST: 'tcp://far', DOCKER_TLS_VERIFY: '1' }, files: ofHome }).transport).toMatchObject({
      tls: { ca: `${HOME}/.docker/ca.pem` },
    });
  });
});

describe('the URL of an engine', () => {
  it.each([
    ['unix:///tmp/a b.sock', { kind: 'unix', socketPath: '/tmp/a b.sock' }, null],
    ['npipe:////./pipe/docker_engine', { kind: 'unix', socketPath: '//./pipe/docker_engine' }, null],
    ['tcp://10.0.0.5:2375', { kind: 'tcp', host: '10.0.0.5', port: 2375 }, '10.0.0.5'],
    ['tcp://10.0.0.5', { kind: 'tcp', host: '10.0.0.5', port: 2375 }, '10.0.0.5'],
    ['tcp://[fd00::5]:80', { kind: 'tcp', host: 'fd00::5', port: 80 }, 'fd00::5'],
    ['tcp://127.0.0.1:80/', { kind: 'tcp', host: '127.0.0.1', port: 80 }, null],
    ['http://localhost:80', { kind: 'tcp', host: 'localhost', port: 80 }, null],
    ['https://far', { kind: 'tcp', host: 'far', port: 2376, tls: { verify: true } }, 'far'],
    ['ssh://far', { kind: 'ssh', host: 'far' }, 'far'],
    ['ssh://ann@far:2222', { kind: 'ssh', host: 'far', port: 2222, user: 'ann' }, 'far'],
    ['ssh://far/run/user/7/docker.sock', { kind: 'ssh', host: 'far', socketPath: '/run/user/7/docker.sock' }, 'far'],
  ])('%s', (dockerHost, transport, remoteHost) => {
    const connection = resolve({ dockerHost });
    expect(connection.transport).toEqual(transport);
    expect(connection.endpoint).toMatchObject({ url: dockerHost, remoteHost, source: '--docker-host' });
  });

  it.each([
    '',
    'far',
    'far:2375',
    '/var/run/docker.sock',
    'unix://relative',
    'unix://',
    'fd://',
    'ftp://far',
    'tcp://',
    'tcp://far:notaport',
    'tcp://far:99999',
  ])('is refused as malformed: %j', (dockerHost) => {
    const error = usageError({ dockerHost });
    expect(error.message).toContain('--docker-host');
    expect(error.suggestions.join(' ')).toContain('tcp://host:2376');
  });

  it.each([
    'ssh://ann:pa55@far',
    'tcp://ann:pa55@far',
    'tcp://ann@far',
    'tcp://far/path',
    'tcp://far?x=pa55',
    'ssh://-oProxyCommand=x',
    'ssh://-l@far',
  ])('is refused for what cannot be done, and not repeated: %j', (url) => {
    const error = usageError({ env: { DOCKER_HOST: url } });
    expect(error.message).toContain('DOCKER_HOST');
    expect(JSON.stringify([error.message, error.suggestions, error.details])).not.toContain('pa55');
  });
});

describe('a docker configuration that cannot be used', () => {
  it('names the contexts that are known', () => {
    const error = usageError({ context: 'typo', files: { ...context('prod', 'tcp://p'), ...context('lab', 'tcp://l') } });
    expect(error.message).toBe('There is no docker context "typo"; known here: default, lab, prod');
    expect(error.suggestions).toEqual(['docker context ls']);
  });

  it('is not passed over where it is no JSON: the default socket would be another engine', () => {
    const path = `${HOME}/.docker/config.json`;
    expect(usageError({ files: { [path]: '{"currentContext"' } }).message).toContain(path);
  });

  it('means the default socket where it names no context', () => {
    for (const text of ['{}', '{"currentContext":""}', '{"currentContext":"default"}', 'null']) {
      expect(resolve({ files: { [SYSTEM_SOCKET]: '', [`${HOME}/.docker/config.json`]: text } }).endpoint.source).toBe('default socket');
    }
  });
});
