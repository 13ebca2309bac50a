import { expect, it } from 'vitest';
import { useFakeHostPorts } from '../../fakes/fake-host-ports.js';
import { createWorld } from '../../support/ensemble-world.js';

useFakeHostPorts();

it('brings up', async () => {
  const world = createWorld();
  const result = await world.up();
  expect(result).toEqual({});
});
