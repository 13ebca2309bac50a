/**
 * Before tests on a real engine: one clear line where there is none, and a sweep of what an interrupted earlier run left behind.
 */
import { openEngine } from '../../src/engine/index.js';
import { sweepTestEnsembles } from './ensembles.js';

export default async function setup(): Promise<() => Promise<void>> {
  const engine = await openEngine();
  try {
    await engine.info();
  } catch (error) {
    throw new Error(
      `These tests need a container engine; bin/setup --yes brings one. ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  if (!process.env['ZKD_KEEP_FAILED']) await sweepTestEnsembles(engine);
  return () => engine.close();
}
