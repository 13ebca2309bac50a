import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ContainerState, ContainerSummary } from '../../../src/engine/index.js';
import { servicesOf } from '../../../src/registry/labels.js';
import { appContainer, containerNames, planRun, type RunRequest } from '../../../src/registry/run-plan.js';

const request = (given: Partial<RunRequest> = {}): RunRequest => ({
  service: 'web',
  port: 80,
  replicas: 1,
  connectNames: [],
  tags: [],
  metadata: {},
  container: { image: 'web:1', restart: 'no' },
  network: 'zkd-zk',
  connect: 'zkd-zk-1:2181',
  ensemble: 'zk',
  ...given,
});

/** As the engine lists what was made of a request. */
function made(name: string, state: ContainerState, of: RunRequest = request()): ContainerSummary {
  const { labels = {}, image } = appContainer(of, name);
  const rest = { imageId: 'sha256:1', createdAt: '', ports: [], networks: [], volumes: {}, health: null, exposedPorts: [] };
  return { ...rest, id: `id-${name}`, name, image, labels, state } as unknown as ContainerSummary;
}

/** One line a step. */
const planned = (of: RunRequest, ...existing: ContainerSummary[]): string =>
  planRun(of, existing)
    .steps.map(({ name, id, action }) => `${name} ${action}${id === undefined ? '' : ` (${id})`}`)
    .join(', ');

describe('the names', () => {
  it.each([
    [{ replicas: 1 }, ['web-1']],
    [{ replicas: 3 }, ['web-1', 'web-2', 'web-3']],
    [{ replicas: 1, name: 'shop' }, ['shop']],
    [{ replicas: 2, name: 'shop' }, ['shop-1', 'shop-2']],
  ])('of %j are %j', (given, names) => {
    expect(containerNames(request(given))).toEqual(names);
  });
});

describe('the plan', () => {
  it.each([
    ['running', 'kept'],
    ['restarting', 'kept'],
    ['paused', 'kept'],
    ['exited', 'started'],
    ['created', 'started'],
    ['dead', 'started'],
  ] as const)('for one that is %s: %s', (state, action) => {
    expect(planned(request(), made('web-1', state))).toBe(`web-1 ${action} (id-web-1)`);
  });

  it('makes what is missing, of whichever number', () => {
    expect(planned(request({ replicas: 3 }), made('web-2', 'running'))).toBe('web-1 created, web-2 kept (id-web-2), web-3 created');
  });

  it('sees further ones by their number, and takes no other for one of them', () => {
    const others = ['web-2', 'web-3', 'web-x', 'web-2-1', 'web', 'other-2', 'xweb-2'].map((name) => made(name, 'running'));
    expect(planRun(request({ replicas: 2 }), others).surplus).toEqual(['web-3']);
  });

  it('sees who was told another connection string', () => {
    const before = request({ connect: 'zkd-zk-1:2999' });
    expect(planRun(request({ replicas: 2 }), [made('web-1', 'running', before), made('web-2', 'running')]).outdated).toEqual(['web-1']);
  });

  it('is refused whole, naming everything in its way', () => {
    const stranger = { ...made('web-2', 'running'), labels: {} };
    const different = made('web-3', 'exited', request({ tags: ['x'] }));
    expect(() => planRun(request({ replicas: 3 }), [stranger, different])).toThrow(
      'Container "web-2" was not made by zkd containers run\nContainer "web-3" was made with other settings: --tag',
    );
  });
});

describe('the labels', () => {
  it('are read by the agent as they were meant, whatever is in them', () => {
    const text = fc.string({ unit: 'binary', minLength: 1 });
    const tag = text.filter((word) => !word.endsWith('\\'));
    const given = fc.record({
      service: text,
      port: fc.integer({ min: 1, max: 65_535 }),
      id: text,
      tags: fc.uniqueArray(tag),
      metadata: fc.dictionary(text, text),
      weight: fc.integer({ min: 0, max: 1000 }),
      health: fc.constantFrom('required', 'ignore'),
      payload: fc.constantFrom('none', 'spring'),
    });
    fc.assert(
      fc.property(given, (facts) => {
        const { labels = {}, image } = appContainer(request(facts), 'web-1');
        const rules = { how: 'network', isExplicit: true, tags: [], payload: 'none' } as const;
        const { services, notes, ...rest } = servicesOf({ image, labels, env: {}, exposedPorts: [] }, rules);
        const { health, ...service } = facts;
        expect(rest).toEqual({ network: 'zkd-zk', health, problems: [] });
        expect(services).toEqual([{ ...service, protocol: 'tcp' }]);
        expect(notes).toHaveLength(facts.payload === 'spring' ? 1 : 0);
      }),
    );
  });

  it('never make it a member, and tell no values', () => {
    const { labels = {} } = appContainer(request({ container: { image: 'web:1', env: { PASSWORD: 'hunter2' } } }), 'web-1');
    expect(Object.keys(labels)).not.toContain('zkd.cluster');
    expect(JSON.stringify(labels)).not.toContain('hunter2');
  });
});
