/** Which container engine. Without either flag: DOCKER_HOST, DOCKER_CONTEXT, the current docker context, then the local socket. */
import { string } from '@oclif/core/flags';
import type { EndpointOptions } from '../../engine/index.js';
import { ZkdError } from '../../errors.js';

export const engineFlags = {
  'docker-host': string({
    char: 'H',
    env: 'ZKD_DOCKER_HOST',
    helpValue: 'URL',
    summary: 'Engine to use: unix://, tcp:// or ssh://. Also DOCKER_HOST.',
    helpGroup: 'ENGINE',
  }),
  context: string({
    env: 'ZKD_CONTEXT',
    helpValue: 'NAME',
    summary: 'Context of the docker CLI to use. Also DOCKER_CONTEXT.',
    helpGroup: 'ENGINE',
  }),
};

/** Parsed values of {@link engineFlags}. */
export interface EngineFlagValues {
  readonly 'docker-host'?: string | undefined;
  readonly context?: string | undefined;
}

/** The engine that is meant: a flag that was typed beats a variable of the other kind; two typed ones are a `usage` error. */
export function engineChoice(flags: EngineFlagValues, argv: readonly string[]): EndpointOptions {
  const isHostTyped = argv.some((arg) => /^(-H|--docker-host(=|$))/.test(arg));
  const isContextTyped = argv.some((arg) => /^--context(=|$)/.test(arg));
  if (isHostTyped && isContextTyped) throw new ZkdError('usage', 'Two engines are named: give --docker-host or --context, not both');
  const dockerHost = isContextTyped ? undefined : flags['docker-host'];
  const context = isHostTyped ? undefined : flags.context;
  if (dockerHost !== undefined) return { dockerHost, ...(isHostTyped ? {} : { source: 'ZKD_DOCKER_HOST' }) };
  if (context !== undefined) return { context, ...(isContextTyped ? {} : { source: 'ZKD_CONTEXT' }) };
  return {};
}
