/** The agent and a balancer together, under load: containers come, go and die, and nobody who asks is let down. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { at, freePort, useBalancedServices, type Served } from '../../support/balanced-services.js';
import { startLoad } from '../../support/keep-alive-load.js';
import { docker } from '../../support/story.js';
import { registryStory, type RegistryStory, type RunningAgent } from '../../support/registry-story.js';

const here = useBalancedServices();

let story: RegistryStory;
let agent: RunningAgent;
let name: string;
let port: number;
/** Nobody else has it: an agent registers whatever runs on its engine. */
let service: string;
let count = 0;
beforeEach(async () => {
  count += 1;
  story = registryStory({ ensembles: here.ensembles, cluster: here.cluster, session: () => here.session, topic: `load${count}` });
  name = here.balancerName();
  service = name;
  port = await freePort();
  agent = await story.agent('--session-timeout', '10s');
  await agent.tells('leading');
});
afterEach(async () => {
  agent.signal('SIGTERM');
  await agent.end();
});

/** Starts one that says itself what it is; answers it when the balancer has it. */
async function serve(suffix: string): Promise<Served> {
  const container = await story.serve(suffix, '--label', `zkd.service=${service}`, '--env', `NAME=${suffix}`);
  const [id = '', address = ''] = (
    await docker('inspect', '--format', `{{.Id}} {{(index .NetworkSettings.Networks "zkd-${here.cluster.name}").IPAddress}}`, container)
  ).split(' ');
  return { id, name: container, address, key: `${address}:80` };
}

const balance = (...args: string[]) => here.up(service, name, '--publish', String(port), '--root', story.root, ...args);

describe('under load, by clients that keep their connections, no request fails', () => {
  it('as one server becomes five, and two', async () => {
    const first = await serve('1');
    await story.shows(first.name);
    await balance();
    const load = startLoad(port);
    await sleep(1000);
    const others = await Promise.all(['2', '3', '4', '5'].map(serve));
    await here.awaitServers(name, [first, ...others]);
    await sleep(1500);
    await Promise.all([first, at(others, 0), at(others, 1)].map((one) => docker('stop', one.name)));
    await here.awaitServers(name, [at(others, 2), at(others, 3)]);
    await sleep(1500);
    const { answered, failures, answers } = await load.stop();
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(500);
    expect([...answers.keys()].sort()).toEqual(['1', '2', '3', '4', '5', 'posted']);
  });

  it('once the record of one that was killed is gone', async () => {
    const [stays, dies] = [await serve('1'), await serve('2')];
    await story.shows(stays.name, dies.name);
    await balance('--check-path', '/');
    const load = startLoad(port);
    await sleep(1000);
    await docker('kill', dies.name);
    await here.awaitServers(name, [stays]);
    const during = await load.stop();
    // What was under way in it is lost with it; nothing is sent there any more.
    expect(during.failures.length).toBeLessThanOrEqual(32);
    const after = startLoad(port);
    await sleep(2000);
    const { failures, answers } = await after.stop();
    expect([failures, [...answers.keys()].sort()]).toEqual([[], ['1', 'posted']]);
  });
});

describe('an agent keeps a balancer in step', () => {
  it('that is made after it began, and says so', async () => {
    const first = await serve('1');
    await story.shows(first.name);
    await balance();
    await here.awaitServers(name, [first]);
    const second = await serve('2');
    await here.awaitServers(name, [first, second]);
    const said = (): string[] => agent.lines.filter(({ event }) => event === 'balancer').map(({ message }) => message);
    await expect.poll(said).toContainEqual(expect.stringMatching(new RegExp(`^${name}: added`)));
  });
});
